// Test only: alerts over real records and the real ways out, with an engine that measures what it is told, a clock that is set, and receivers on loopback.
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { createEgress } from '#http/egress.ts';
import type { Principal } from '#identity/principal.ts';
import { createSealer } from '#lib/sealed.ts';
import { openRoutes, type RoutesFixture } from '#observe/api/routes-fixture.ts';
import { createLog } from '#telemetry/log.ts';
import { createMailer } from './mailer.ts';
import { alertReceiverRoutes } from './receiver-routes.ts';
import { alertRuleRoutes } from './rule-routes.ts';
import { tellAlerts } from './rules-sql.ts';
import { type AlertRunner, type AlertRunnerParts, startAlerts } from './runner.ts';

export interface Received {
  path: string;
  headers: Record<string, unknown>;
  body: Record<string, never> & { event: string; deliveryId: string; rule: { name: string } };
}

export interface AlertsFixture {
  routes: RoutesFixture;
  /** Milliseconds that the clock is ahead of the machine's. */
  aheadMs: number;
  /** What the next measurements are; an error is the engine's. */
  value: number | null | Error;
  /** Queries that were asked. */
  asked: { fromTimestamp: string; toTimestamp: string }[];
  lag: number | null;
  received: Received[];
  counted: string[];
  /** How the receiver answers. */
  answer: (path: string) => { status: number; headers?: Record<string, string> };
  hookUrl: string;
  mails: string[];
  /** How the mail server answers a recipient. */
  recipientAnswer: string;
  start(parts?: Partial<AlertRunnerParts>): Promise<AlertRunner>;
  /** Sets the clock ahead and wakes the runners. */
  pass(ms: number): Promise<void>;
  rest(): Promise<void>;
  close(): Promise<void>;
}

export async function openAlertsFixture(): Promise<AlertsFixture> {
  const sealer = createSealer(Buffer.alloc(32, 7));
  const egress = createEgress({ allow: ['127.0.0.1'] });
  const hook = await startHook((): AlertsFixture => fixture);
  const smtp = await startSmtp((): AlertsFixture => fixture);
  const mailer = createMailer({ url: `smtp://127.0.0.1:${(smtp.address() as AddressInfo).port}`, from: 'Alerts <alerts@example.com>' });
  const reach = {
    egress,
    sealer,
    mailer,
    timeZone: 'Asia/Tokyo',
    nowMs: () => Date.now() + fixture.aheadMs,
    linkOf: (id: string) => `http://console/ui/alerts?project=${id}`,
  };
  const ask = async (_principal: Principal, path: string): Promise<unknown> => {
    const query = JSON.parse(new URL(path, 'http://engine').searchParams.get('query') ?? '') as AlertsFixture['asked'][number] & {
      metrics: { measure: string; aggregation: string }[];
    };
    fixture.asked.push(query);
    if (fixture.value instanceof Error) throw fixture.value;
    const [metric] = query.metrics;
    return { data: [{ [`${metric?.aggregation}_${metric?.measure}`]: fixture.value }] };
  };
  const routes = await openRoutes((records) => [...alertRuleRoutes({ records, ask, linkOf: reach.linkOf }), ...alertReceiverRoutes({ records, ...reach })]);
  const runners: AlertRunner[] = [];
  const fixture: AlertsFixture = {
    routes,
    aheadMs: 0,
    value: 0,
    asked: [],
    lag: 0,
    received: [],
    counted: [],
    answer: () => ({ status: 200 }),
    hookUrl: `http://127.0.0.1:${(hook.address() as AddressInfo).port}`,
    mails: [],
    recipientAnswer: '250 ok',
    async start(parts = {}) {
      const runner = await startAlerts({
        ...reach,
        records: routes.records,
        ask,
        lagMs: async () => fixture.lag,
        count: (what) => void fixture.counted.push(what),
        log: createLog({ level: 'silent' as 'error' }),
        ...parts,
      });
      runners.push(runner);
      return runner;
    },
    async pass(ms) {
      fixture.aheadMs += ms;
      await tellAlerts(routes.records);
    },
    async rest() {
      for (const runner of runners.splice(0)) await runner.close();
    },
    async close() {
      await fixture.rest();
      hook.closeAllConnections();
      hook.close();
      smtp.close();
      await egress.close();
      await routes.close();
    },
  };
  return fixture;
}

function startHook(fixture: () => AlertsFixture): Promise<Server> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const path = request.url ?? '';
      const { status, headers = {} } = fixture().answer(path);
      if (status < 300) fixture().received.push({ path, headers: request.headers, body: JSON.parse(Buffer.concat(chunks).toString()) as Received['body'] });
      response.writeHead(status, headers).end(status < 300 ? 'ok' : 'no room');
    });
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

/** As much of SMTP as one mail needs. */
function startSmtp(fixture: () => AlertsFixture): Promise<ReturnType<typeof createTcpServer>> {
  const server = createTcpServer((socket: Socket) => {
    let mail: string[] | null = null;
    const take = (line: string): string | null => {
      if (mail === null) {
        if (line === 'DATA') mail = [];
        return replyTo(line, fixture().recipientAnswer);
      }
      if (line !== '.') {
        mail.push(line);
        return null;
      }
      fixture().mails.push(mail.join('\n'));
      mail = null;
      return '250 taken';
    };
    socket.write('220 test\r\n');
    createInterface({ input: socket }).on('line', (line) => {
      const reply = take(line);
      if (reply !== null) socket.write(`${reply}\r\n`);
    });
    socket.on('error', () => {});
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

function replyTo(line: string, recipientAnswer: string): string {
  if (line === 'DATA') return '354 go on';
  if (line === 'QUIT') return '221 bye';
  return line.startsWith('RCPT') ? recipientAnswer : '250 ok';
}
