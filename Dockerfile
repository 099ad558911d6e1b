FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/build-web.ts scripts/sdk-types.ts scripts/
COPY public public
COPY src src
# The image brings its own ffmpeg: the one that comes with the install is left out.
RUN npm run build && npm prune --omit=dev && rm -rf node_modules/@ffmpeg-installer

FROM node:24-bookworm-slim
# Not pinned: Debian's stable release only changes to mend ffmpeg's faults.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ffmpeg \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY LICENSE ./
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY --from=build /app/public public
# 1000 is the image's user "node". Made before VOLUME, so that new volumes belong to it.
RUN mkdir -p /var/lib/onair/segments /var/lib/onair/data \
    && chown -R 1000:1000 /var/lib/onair
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=8080 \
    SEGMENTS_DIR=/var/lib/onair/segments \
    DATA_DIR=/var/lib/onair/data
USER 1000:1000
VOLUME ["/var/lib/onair/segments", "/var/lib/onair/data"]
EXPOSE 8080
STOPSIGNAL SIGTERM
# Over HTTPS the certificate is for another name than 127.0.0.1.
HEALTHCHECK --interval=30s --timeout=5s --start-period=15s --retries=3 \
    CMD ["node", "--no-warnings", "-e", "process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'; fetch('http' + (process.env.TLS_CERT ? 's' : '') + '://127.0.0.1:' + process.env.PORT + '/healthz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/main.js"]
