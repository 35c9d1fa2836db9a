import kafkajs, { type Assignment, type GroupMember, type PartitionAssigner } from 'kafkajs';

const { AssignerProtocol } = kafkajs;
const NO_DATA = Buffer.alloc(0);

/**
 * Deals the partitions out by their number alone: to whom partition 3 of one topic comes, partition 3 of every other topic of
 * the group comes too. So one member has all that Assay knows of a trace, since topics of one key have it in one number.
 */
export const coPartitioned: PartitionAssigner = ({ cluster }) => ({
  name: 'assay-co-partitioned',
  version: 1,
  async assign({ members }) {
    const shares = new Map<string, Assignment>(members.map(({ memberId }) => [memberId, {}]));
    const byTopic = readersOf(members);
    // The leader need not read itself all that others of its group read.
    await cluster.addMultipleTargetTopics([...byTopic.keys()]);
    for (const [topic, ids] of byTopic) {
      for (const { partitionId } of cluster.findTopicPartitionMetadata(topic)) {
        const share = shares.get(ids[partitionId % ids.length]!)!;
        (share[topic] ??= []).push(partitionId);
      }
    }
    return [...shares].map(([memberId, assignment]) => ({
      memberId,
      memberAssignment: AssignerProtocol.MemberAssignment.encode({ version: 1, assignment, userData: NO_DATA }),
    }));
  },
  protocol({ topics }) {
    const metadata = AssignerProtocol.MemberMetadata.encode({ version: 1, topics: [...topics], userData: NO_DATA });
    return { name: 'assay-co-partitioned', metadata };
  },
});

/** By topic, who reads it; in one order for all topics that the same members read. */
function readersOf(members: readonly GroupMember[]): ReadonlyMap<string, readonly string[]> {
  const byTopic = new Map<string, string[]>();
  for (const { memberId, memberMetadata } of [...members].sort((a, b) => (a.memberId < b.memberId ? -1 : 1))) {
    for (const topic of AssignerProtocol.MemberMetadata.decode(memberMetadata)?.topics ?? []) {
      const readers = byTopic.get(topic);
      if (readers === undefined) byTopic.set(topic, [memberId]);
      else readers.push(memberId);
    }
  }
  return byTopic;
}
