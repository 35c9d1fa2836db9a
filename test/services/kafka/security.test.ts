import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import kafkajs from 'kafkajs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import type { DistributedLog, KafkaConfig } from '../../../bus/index.js';
import { pollCount, textRecord, texts } from '../../contracts/log.js';
import { runAssay, temporaryDirectory } from '../../helpers/assay-process.js';
import { freePort } from '../../helpers/free-port.js';
import { GUEST, USER } from './broker.js';
import { kafkaSettings, makeLog, makeTopics, openLog, removeTopics, withAdmin } from './world.js';

const never = new AbortController().signal;
const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;

describe('the log on Kafka', { timeout: 60_000 }, () => {
  const { plain, sasl, tls, secure, caFile } = inject('broker');
  const folder = mkdtempSync(join(tmpdir(), 'assay-authority-'));
  const otherCa = join(folder, 'other.pem');
  const login = (mechanism: string, user: object = USER): object => ({ sasl: { mechanism, ...user } });
  const trust = (file: string): object => ({ tls: { enabled: true, caFile: file } });
  const WRONG = { ...USER, password: 'not-the-password' };
  let config: KafkaConfig;

  beforeAll(() => {
    const keys = ['-keystore', join(folder, 'other.p12'), '-storepass', 'only-for-tests', '-alias', 'other'];
    const kind = ['-storetype', 'PKCS12', '-keyalg', 'EC', '-groupname', 'secp256r1', '-dname', 'CN=other'];
    execFileSync('keytool', ['-genkeypair', ...keys, ...kind], { stdio: 'ignore' });
    execFileSync('keytool', ['-exportcert', '-rfc', ...keys, '-file', otherCa], { stdio: 'ignore' });
  });

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  afterEach(async () => {
    await removeTopics(config, plain);
  });

  async function problemOf(broker: string, changes: object): Promise<string> {
    config = kafkaSettings(broker, changes);
    const log = await makeLog(config);
    const error: unknown = await log.start(never).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    await log.stop(never);
    expect(error).toMatchObject({ code: 'BUS_UNAVAILABLE' });
    const { message } = error as Error;
    expect(message).not.toMatch(/\n|not-the-password/);
    expect(message).toContain(broker);
    return message;
  }

  it.each([
    ['PLAIN', sasl, login('plain')],
    ['SCRAM-SHA-256', sasl, login('scram-sha-256')],
    ['SCRAM-SHA-512', sasl, login('scram-sha-512')],
    ['TLS', tls, trust(caFile)],
    ['SCRAM-SHA-512 over TLS', secure, { ...login('scram-sha-512'), ...trust(caFile) }],
  ])('writes and reads by %s', async (_, broker, changes) => {
    config = kafkaSettings(broker, changes);
    await makeTopics(config, plain, 1);
    const log = await openLog(config);
    await log.append([textRecord('spans', 'a', '1')]);
    expect(texts(await pollCount(log.reader('spans', 'g'), 1))).toEqual(['1']);
    await log.stop(never);
  });

  it.each([
    ['plain', sasl, {}],
    ['scram-sha-256', sasl, {}],
    ['scram-sha-512', sasl, {}],
    ['scram-sha-512', secure, trust(caFile)],
  ])('names the user whose password is wrong by %s at %s', async (mechanism, broker, changes) => {
    const message = await problemOf(broker, { ...login(mechanism, WRONG), ...changes });
    expect(message).toContain(`to accept the login as assay by ${mechanism}, but it refused`);
    expect(message).toContain('check bus.kafka.sasl');
  });

  it('names the mechanism that the brokers do not have', async () => {
    const message = await problemOf(secure, { ...login('plain'), ...trust(caFile) });
    expect(message).toMatch(/login as assay by plain, but it does not have that.*bus\.kafka\.sasl\.mechanism/);
  });

  it('says that it does not trust a certificate, by which authorities, and what to set', async () => {
    expect(await problemOf(tls, trust(otherCa))).toMatch(
      new RegExp(`over TLS.*certificate.*bus\\.kafka\\.tls\\.caFile = ${otherCa}`),
    );
    expect(await problemOf(tls, { tls: { enabled: true } })).toMatch(
      /over TLS.*certificate.*set bus\.kafka\.tls\.caFile/,
    );
  });

  it.each([
    ['without TLS, where they want it', { broker: tls, changes: {}, what: /without TLS/ }],
    ['with TLS, where they have none', { broker: plain, changes: trust(caFile), what: /over TLS/ }],
    ['with a login, where they want none', { broker: plain, changes: login('plain'), what: /as assay by plain/ }],
    ['without a login, where they want one', { broker: sasl, changes: {}, what: /without login/ }],
  ])('asks about TLS and login when it comes %s', async (_, { broker, changes, what }) => {
    const message = await problemOf(broker, changes);
    expect(message).toMatch(what);
    expect(message).toMatch(/TLS or a login|bus\.kafka\.(sasl|tls)/);
  });

  it('starts by the second of its brokers when the first is away, and reads and writes', async () => {
    config = kafkaSettings(plain, { brokers: [`127.0.0.1:${await freePort()}`, plain] });
    await makeTopics(config, plain, 1);
    const log = await openLog(config);
    await log.append([textRecord('spans', 'a', '1')]);
    expect(texts(await pollCount(log.reader('spans', 'g'), 1))).toEqual(['1']);
    await log.stop(never);
  });

  describe('as a user who may not do everything', () => {
    let log: DistributedLog | undefined;

    beforeEach(async () => {
      config = kafkaSettings(sasl, { ...login('scram-sha-512', GUEST), appendTimeoutMs: 1_000 });
      await makeTopics(config, plain, 1);
    });

    afterEach(async () => {
      await log?.stop(never);
      log = undefined;
      await withAdmin(plain, (admin) =>
        admin.deleteAcls({
          filters: [
            {
              ...{ resourceType: AclResourceTypes.ANY, resourcePatternType: ResourcePatternTypes.ANY },
              ...{ operation: AclOperationTypes.ANY, permissionType: AclPermissionTypes.ANY },
            },
          ],
        }),
      );
    });

    async function allow(
      kind: 'TOPIC' | 'GROUP',
      name: string,
      ...operations: readonly (keyof typeof AclOperationTypes)[]
    ): Promise<void> {
      await withAdmin(plain, (admin) =>
        admin.createAcls({
          acl: operations.map((operation) => ({
            ...{ resourceType: AclResourceTypes[kind], resourceName: name, host: '*', principal: 'User:guest' },
            ...{ resourcePatternType: ResourcePatternTypes.LITERAL, permissionType: AclPermissionTypes.ALLOW },
            operation: AclOperationTypes[operation],
          })),
        }),
      );
    }

    it('says which topic it may not write to, as whom, and what to grant', async () => {
      const name = `${config.topicPrefix}spans`;
      await allow('TOPIC', name, 'READ', 'DESCRIBE');
      log = await openLog(config);
      await expect(log.append([textRecord('spans', 'a', '1')])).rejects.toMatchObject({
        code: 'BUS_UNAVAILABLE',
        message: expect.stringMatching(
          new RegExp(`as guest by scram-sha-512.*write to ${name}.*grant it Write on the topic ${name}`),
        ) as string,
      });
      // Others may be written to.
      await log.append([textRecord('logs', 'a', '1')]);
    });

    it('does not start with a topic that it may not see, and says that this may be why it is missing', async () => {
      const name = `${config.topicPrefix}spans`;
      await withAdmin(plain, (admin) =>
        admin.createAcls({
          acl: [
            {
              ...{ resourceType: AclResourceTypes.TOPIC, resourceName: name, host: '*', principal: 'User:nobody' },
              ...{ resourcePatternType: ResourcePatternTypes.LITERAL, permissionType: AclPermissionTypes.ALLOW },
              operation: AclOperationTypes.READ,
            },
          ],
        }),
      );
      const refused = await makeLog(config);
      await expect(refused.start(never)).rejects.toMatchObject({
        message: expect.stringMatching(
          new RegExp(`to have the topics ${name}, .*or grant guest Describe on them`),
        ) as string,
      });
      await refused.stop(never);
    });

    it('ends with 3 and one sentence where a role may not read by its group for long', async () => {
      const group = `${config.topicPrefix}judge`;
      await allow('GROUP', group, 'DESCRIBE');
      const data = temporaryDirectory();
      const settings = [
        ...[`brokers=[${sasl}]`, `topicPrefix=${config.topicPrefix}`, 'giveUpMs=2000'],
        `sasl={username: ${GUEST.username}, password: ${GUEST.password}}`,
      ].flatMap((value) => ['--set', `bus.kafka.${value}`]);
      const { code, stderr } = await runAssay(['run', '--role', 'judge', '--data', data, ...settings]);
      rmSync(data, { recursive: true, force: true });
      const lines = stderr.trimEnd().split('\n');
      expect(code).toBe(3);
      expect(lines.at(-1)).toMatch(new RegExp(`^assay: expected a consumer of the group ${group} .*grant it Read`));
      expect(lines.filter((line) => line.startsWith('assay: '))).toHaveLength(1);
    });

    it('says which group it may not read by, and what to grant', async () => {
      const group = `${config.topicPrefix}g`;
      await allow('GROUP', group, 'DESCRIBE');
      log = await openLog(config);
      await log.append([textRecord('spans', 'a', '1')]);
      const said: string[] = [];
      const other = await makeLog({ ...config, giveUpMs: 2_000 }, (error) => said.push(error.message));
      await other.start(never);
      const late = AbortSignal.timeout(20_000);
      const reading = other.reader('spans', 'g').poll({ maxRecords: 1, maxBytes: 1_000, waitMs: 100 }, late);
      await expect.poll(() => said, { timeout: 15_000 }).toHaveLength(1);
      expect(said[0]).toMatch(new RegExp(`group ${group} .*as guest.*grant it Read on the group ${group}`));
      await other.stop(never);
      await reading;
    });
  });
});
