-- AlterTable
ALTER TABLE "CacheOutbox" ADD COLUMN     "versions" BIGINT[];
