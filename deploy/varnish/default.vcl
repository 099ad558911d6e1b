vcl 4.1;

# A cache in front of Onair, for Varnish 6.0 and later. What may be kept, and for how long, is in Onair's answers.
# Start it with `-p pipe_timeout=90`: a piped connection may be as silent as Onair lets it be.

backend onair {
    .host = "127.0.0.1";
    .port = "8080";
    .connect_timeout = 2s;
    # Playlists are held for up to three target durations.
    .first_byte_timeout = 60s;
    .between_bytes_timeout = 60s;
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
