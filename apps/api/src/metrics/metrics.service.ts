import { createServer, type Server } from 'node:http';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { BackupStateReader } from '@tiptop/ops';
import { Clock, MailQueue, PG_POOL } from '@tiptop/platform';
import type { FastifyInstance } from 'fastify';
import type { Pool } from 'pg';
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { addBackupGauges } from './backup-gauges';

const DURATION_BUCKETS_SECONDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Prometheus metrics, on a port of their own so that the public one never shows them. */
@Injectable()
export class MetricsService implements OnApplicationShutdown {
  private readonly registry = new Registry();
  private readonly durations = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the arrival of a request to its answer, by route pattern and status.',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: DURATION_BUCKETS_SECONDS,
    registers: [this.registry],
  });
  private server: Server | undefined;

  constructor(@Inject(PG_POOL) pool: Pool, mailQueue: MailQueue, backups: BackupStateReader, clock: Clock) {
    collectDefaultMetrics({ register: this.registry });
    new Gauge({
      name: 'database_connections',
      help: 'Connections of the pool, by state; waiting are requests without one.',
      labelNames: ['state'] as const,
      registers: [this.registry],
      collect() {
        this.set({ state: 'total' }, pool.totalCount);
        this.set({ state: 'idle' }, pool.idleCount);
        this.set({ state: 'waiting' }, pool.waitingCount);
      },
    });
    new Gauge({
      name: 'mail_letters',
      help: 'Letters not delivered, by state; dead ones are tried no more.',
      labelNames: ['state'] as const,
      registers: [this.registry],
      async collect() {
        try {
          const { waiting, dead } = await mailQueue.counts();
          this.set({ state: 'waiting' }, waiting);
          this.set({ state: 'dead' }, dead);
        } catch {
          // Without a database there are no numbers, and the other metrics tell all the same.
          this.reset();
        }
      },
    });
    addBackupGauges(this.registry, backups, clock);
  }

  /** Times every answer of the public service. */
  observe(fastify: FastifyInstance): void {
    fastify.addHook('onResponse', (request, reply, done) => {
      const route = request.routeOptions.url ?? 'unknown';
      this.durations.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000);
      done();
    });
  }

  /**
   * @param port 0 lets the system choose
   * @returns the port it listens on
   */
  async listen(host: string, port: number): Promise<number> {
    const server = createServer((request, response) => {
      if (request.url !== '/metrics' || request.method !== 'GET') {
        response.writeHead(404).end();
        return;
      }
      this.registry.metrics().then(
        (text) => response.writeHead(200, { 'content-type': this.registry.contentType }).end(text),
        () => response.writeHead(500).end(),
      );
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(port, host, resolve);
    });
    this.server = server;
    const address = server.address();
    return typeof address === 'object' && address ? address.port : port;
  }

  onApplicationShutdown(): void {
    this.server?.close();
    this.server?.closeAllConnections();
  }
}
