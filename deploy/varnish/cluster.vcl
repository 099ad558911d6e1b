vcl 4.1;

# The cache in front of a cluster, for Varnish 6.0 and later: default.vcl with two nodes in place of one. To be changed: their addresses.
# Start it with `-p pipe_timeout=90`: a piped connection may be as silent as Onair lets it be.

import directors;

# Not /readyz: what a node has goes on while it drains or its directory is away, and it is asked for it.
probe alive {
    .url = "/healthz";
    .interval = 1s;
    .timeout = 5s;
    .window = 3;
    .threshold = 2;
    .initial = 2;
}

backend onair_1 {
    .host = "onair-1";
    .port = "8080";
    .probe = alive;
    .connect_timeout = 2s;
    # Playlists are held for up to three target durations.
    .first_byte_timeout = 60s;
    .between_bytes_timeout = 60s;
}

backend onair_2 {
    .host = "onair-2";
    .port = "8080";
    .probe = alive;
    .connect_timeout = 2s;
    .first_byte_timeout = 60s;
    .between_bytes_timeout = 60s;
}

sub vcl_init {
    new nodes = directors.shard();
    nodes.add_backend(onair_1);
    nodes.add_backend(onair_2);
    nodes.reconfigure();
}

# All of a stream is asked for at one node, which asks the one that has it. Which one is a hint: any node serves any stream.
sub vcl_recv {
    set req.backend_hint = nodes.backend(by=KEY, key=nodes.key(regsub(req.url, "^/(?:api/)?[a-z]+/([^/?]+).*$", "\1")));
}

sub vcl_backend_fetch {
    set bereq.backend = nodes.backend(by=KEY, key=nodes.key(regsub(bereq.url, "^/(?:api/)?[a-z]+/([^/?]+).*$", "\1")), alt=bereq.retries);
}

sub vcl_backend_error {
    # It died between two probes.
    if (bereq.retries < 1 && (bereq.method == "GET" || bereq.method == "HEAD")) {
        return (retry);
    }
}

sub vcl_recv {
    # Sockets, publishers and answers without an end are no business of a cache.
    if (req.http.Upgrade ~ "(?i)websocket" || req.url ~ "/live/[^/]+/(~[^/]+/)?(publish|stream\.mp4|stream\.flv|frames)(\?|$)") {
        return (pipe);
    }
    # What a stream is doing, every page asks again and again; all else of /api/ is nobody else's.
    if (req.url !~ "/(live|sdk|assets)/" && req.url !~ "/api/streams/[^/?]+(\?|$)") {
        return (pass);
    }
    unset req.http.Cookie;
    # One player is answered otherwise than all others: of what varies by its name two forms are kept, not one for every name.
    if (req.http.User-Agent ~ "^VLC/3\b") {
        set req.http.X-Player = "VLC/3";
    } else {
        set req.http.X-Player = "another";
    }
}

sub vcl_pipe {
    if (req.http.Upgrade ~ "(?i)websocket") {
        set bereq.http.Upgrade = req.http.Upgrade;
        set bereq.http.Connection = req.http.Connection;
    } else {
        # The next request on this connection is looked at again.
        set bereq.http.Connection = "close";
    }
}

sub vcl_backend_response {
    # Varnish would go on with what is too old for 10 s while it fetches: a playlist must never be old.
    set beresp.grace = 0s;
    set beresp.keep = 0s;
    set beresp.http.Vary = regsub(beresp.http.Vary, "(?i)User-Agent", "X-Player");
    if (beresp.http.Vary == "") {
        unset beresp.http.Vary;
    }
    if (beresp.http.Cache-Control ~ "(?i)private") {
        # For this viewer alone. Others who ask for the same are not made to wait for it.
        set beresp.uncacheable = true;
        set beresp.ttl = 120s;
        return (deliver);
    }
    if (beresp.http.Cache-Control ~ "(?i)no-store") {
        # Answers that only hold now: whoever asks next is answered anew. Varnish by itself would also stop collecting
        # equal requests for two minutes, and every broadcast begins with an answer of this kind.
        set beresp.ttl = 0s;
        return (deliver);
    }
    if (beresp.status >= 400 && beresp.ttl > 1s) {
        set beresp.ttl = 1s;
    }
}

sub vcl_deliver {
    if (resp.http.Vary) {
        set resp.http.Vary = regsub(resp.http.Vary, "X-Player", "User-Agent");
    }
}
