# The film API. `docker build -t corral .` makes the image of the last stage, for production; `--target build` keeps the
# demo data and the embedded PostgreSQL, for trying it out.
FROM node:22-slim AS build
WORKDIR /app
COPY . .
RUN npm ci --no-audit --no-fund && npm run build

FROM build AS production-packages
RUN npm prune --omit=dev --no-audit --no-fund

FROM node:22-slim AS run
ENV NODE_ENV=production
WORKDIR /app
COPY --from=production-packages /app/package.json ./
COPY --from=production-packages /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/schema ./schema
COPY --from=build /app/prisma/migrations ./prisma/migrations
USER node
EXPOSE 4000
# Not by npm: the process itself must get SIGTERM, upon which it flushes what it accepted and ends within ten seconds.
CMD ["node", "dist/src/server.js"]
