import kafkajs, { type Cluster } from 'kafkajs';
import { expect, it } from 'vitest';
import { coPartitioned } from './assigner.js';

const { AssignerProtocol } = kafkajs;
const PARTITIONS: Readonly<Record<string, number>> = { 'assay.spans': 6, 'assay.logs': 6, 'assay.policies': 1 };

const cluster = {
  addMultipleTargetTopics: async () => undefined,
  findTopicPartitionMetadata: (topic: string) =>
    Array.from({ length: PARTITIONS[topic]! }, (_, partitionId) => ({ partitionId })),
} as unknown as Cluster;

async function dealTo(
  memberIds: readonly string[],
  topicsOf: (memberId: string) => string[] = () => Object.keys(PARTITIONS),
): Promise<ReadonlyMap<string, Record<string, number[]>>> {
  const assigner = coPartitioned({ cluster, groupId: 'assay.write', logger: undefined as never });
  const members = memberIds.map((memberId) => ({
    memberId,
    memberMetadata: assigner.protocol({ topics: topicsOf(memberId) }).metadata,
  }));
  const dealt = await assigner.assign({ members, topics: topicsOf(memberIds[0]!) });
  return new Map(
    dealt.map(({ memberId, memberAssignment }) => [
      memberId,
      AssignerProtocol.MemberAssignment.decode(memberAssignment)!.assignment,
    ]),
  );
}

it('deals every partition to one member, and the same numbers of every topic to the same', async () => {
  for (const ids of [['a'], ['b', 'a'], ['c', 'a', 'd', 'b'], ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']]) {
    const dealt = await dealTo(ids);
    expect([...dealt.keys()].sort()).toEqual([...ids].sort());
    for (const [topic, count] of Object.entries(PARTITIONS)) {
      const all = [...dealt.values()].flatMap((assignment) => assignment[topic] ?? []);
      expect(all.sort()).toEqual(Array.from({ length: count }, (_, partition) => partition));
    }
    for (const assignment of dealt.values()) expect(assignment['assay.logs']).toEqual(assignment['assay.spans']);
    const [whoHasFirst] = [...dealt].filter(([, assignment]) => assignment['assay.spans']?.includes(0));
    expect(whoHasFirst![1]['assay.policies']).toEqual([0]);
  }
});

it('deals alike whatever the order in which members are listed', async () => {
  expect(await dealTo(['a', 'b', 'c'])).toEqual(await dealTo(['c', 'b', 'a']));
});

it('deals to each member of what it reads alone', async () => {
  const dealt = await dealTo(['a', 'b', 'c'], (id) => (id === 'b' ? ['assay.logs'] : ['assay.spans']));
  expect(dealt.get('b')).toEqual({ 'assay.logs': [0, 1, 2, 3, 4, 5] });
  expect([dealt.get('a'), dealt.get('c')]).toEqual([{ 'assay.spans': [0, 2, 4] }, { 'assay.spans': [1, 3, 5] }]);
});
