import { describe, expect, inject, it } from 'vitest';
import type { KafkaConfig } from '../../../bus/index.js';
import { textRecord, texts, pollCount } from '../../contracts/log.js';
import { freePort } from '../../helpers/free-port.js';
import { USER } from './broker.js';
import { kafkaSettings, makeLog, makeTopics, openLog, removeTopics } from './world.js';

const never = new AbortController().signal;

describe('the log on Kafka, when it starts', () => {
  const { plain, sasl, tls, caFile } = inject('broker');

  async function problemOf(config: KafkaConfig): Promise<string> {
    const log = await makeLog(config);
    const error: unknown = await log.start(never).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    await log.stop(never);
    expect(error).toMatchObject({ code: 'BUS_UNAVAILABLE' });
    return (error as Error).message;
  }

  it('names the brokers that it tried when none of them answers', async () => {
    const nobody = `127.0.0.1:${await freePort()}`;
    const other = `127.0.0.1:${await freePort()}`;
    const message = await problemOf(kafkaSettings(nobody, { brokers: [nobody, other] }));
    expect(message).toContain(`${nobody}, ${other}`);
    expect(message).toMatch(/check that the brokers run/);
    expect(message).not.toContain('\n');
  });

  it('names the topics that are missing, and the command that makes them', async () => {
    const config = kafkaSettings(plain);
    expect(await problemOf(config)).toMatch(
      new RegExp(`${config.topicPrefix}spans, .*${config.topicPrefix}policies.*assay topics create`),
    );
  });

  it('names the user whose password is wrong, and not the password', async () => {
    const message = await problemOf(kafkaSettings(sasl, { sasl: { ...USER, password: 'not-the-password' } }));
    expect(message).toMatch(/to accept the login as assay by scram-sha-512.*check bus\.kafka\.sasl/);
    expect(message).not.toContain('not-the-password');
  });

  it('asks about TLS and login when it comes without them to a port that wants them', async () => {
    expect(await problemOf(kafkaSettings(tls))).toMatch(/without TLS, without login.*whether they want TLS or a login/);
  });

  it('says that a certificate is not trusted', async () => {
    expect(await problemOf(kafkaSettings(tls, { tls: { enabled: true } }))).toMatch(/over TLS.*certificate/);
  });

  it.each([
    ['with a login by SCRAM-SHA-512', sasl, { sasl: USER }],
    ['over TLS, with an authority of its own', tls, { tls: { enabled: true, caFile } }],
  ])('writes and reads %s', async (_, broker, changes) => {
    const config = kafkaSettings(broker, changes);
    await makeTopics(config, plain);
    const log = await openLog(config);
    try {
      await log.append([textRecord('spans', 'a', '1')]);
      expect(texts(await pollCount(log.reader('spans', 'g'), 1))).toEqual(['1']);
    } finally {
      await log.stop(never);
      await removeTopics(config, plain);
    }
  });
});
