import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.js';

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
app.enableShutdownHooks([], { useProcessExit: true }); // a signal closes the cache, too
const port = Number(process.env['PORT'] ?? 4000);
await app.listen(port);
console.log(`Ready at http://localhost:${port}/graphql`);
