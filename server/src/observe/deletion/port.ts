// What the routes of deletion need of the process that owns the stored rows.

export interface Deletions {
  /**
   * The traces with their observations and scores are gone for every read when it resolves, and events of them that still arrive are left out.
   * Returns the id of the receipt. @throws AppError 503; once noted, the deletion is done as soon as it can be.
   */
  traces(projectId: string, traceIds: readonly string[]): Promise<string>;
  /**
   * The score is gone for every read when it resolves. A score sent later under the same id is a new one.
   * `acceptedUpTo`: journal sequence of what was acknowledged before the deletion was asked for. Returns the id of the receipt. @throws AppError 503.
   */
  score(projectId: string, scoreId: string, acceptedUpTo: bigint): Promise<string>;
}
