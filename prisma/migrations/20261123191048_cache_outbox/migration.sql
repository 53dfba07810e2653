-- CreateTable
CREATE TABLE "CacheOutbox" (
    "id" BIGSERIAL NOT NULL,
    "store" TEXT NOT NULL,
    "tags" TEXT[],
    "writtenAt" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    "doneAt" TIMESTAMPTZ(3),

    CONSTRAINT "CacheOutbox_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "CacheStore" (
    "name" TEXT NOT NULL,
    "seenAt" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT "CacheStore_pkey" PRIMARY KEY ("name")
);

-- CreateIndex
CREATE INDEX "CacheOutbox_store_doneAt_id_idx" ON "CacheOutbox"("store", "doneAt", "id");
