// Port: secrets by id. Values are read only to hand them to pods, to a backup or to `verify`; they are never printed.

export interface SecretPort {
  /** The secret's text; null when there is none or it is planned for deletion. */
  read(id: string): Promise<string | null>;
  write(id: string, value: string): Promise<void>;
}
