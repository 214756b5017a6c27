// Who listens to which news in this process.

interface Listener {
  readonly topic: string;
  readonly onNews: (message: string) => void;
  readonly onGap: (() => void) | undefined;
}

export class Listeners {
  readonly #all = new Set<Listener>();

  add(topic: string, onNews: (message: string) => void, onGap?: () => void): () => void {
    const listener: Listener = { topic, onNews, onGap };
    this.#all.add(listener);
    return () => void this.#all.delete(listener);
  }

  tell(topic: string, message: string): void {
    for (const listener of this.#all) if (listener.topic === topic) listener.onNews(message);
  }

  gap(): void {
    for (const listener of this.#all) listener.onGap?.();
  }
}
