// Whispers within one process: where nobody shares, whoever attends is here.
import { Listeners } from './listeners.ts';
import type { Whispers } from './port.ts';

export class LocalWhispers implements Whispers {
  readonly #listeners = new Listeners();

  async whisper(topic: string, message: string): Promise<void> {
    this.#listeners.tell(topic, message);
  }

  async attend(topic: string, onMessage: (message: string) => void, onGap?: () => void): Promise<() => void> {
    return this.#listeners.add(topic, onMessage, onGap);
  }
}
