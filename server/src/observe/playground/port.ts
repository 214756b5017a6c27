// What the playground needs of the house: a key in a person's name, and the way to the platform's own gateway.

export interface PlaygroundPerson {
  projectId: string;
  organizationId: string;
  userId: string;
  name: string;
}

export interface PlaygroundWays {
  /** The person's virtual key in the project, made when it is first needed. It stays in this process. */
  keyOf(person: PlaygroundPerson): Promise<string>;
  /** Asks the gateway; null when this process reaches none. */
  chat: ((request: { key: string; body: string; signal: AbortSignal }) => Promise<Response>) | null;
}
