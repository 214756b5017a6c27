// Loads parts of the AWS half when a verb needs them: `start` must stay fast and work where they are not installed.

/** The AWS half, or a package of it, is not installed. */
export class InfraAbsent extends Error {
  constructor(cause: unknown) {
    super('not installed', { cause });
    this.name = 'InfraAbsent';
  }
}

/** @throws InfraAbsent */
export async function infra<Module>(load: () => Promise<Module>): Promise<Module> {
  try {
    return await load();
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'ERR_MODULE_NOT_FOUND' || code === 'ERR_PACKAGE_PATH_NOT_EXPORTED') throw new InfraAbsent(error);
    throw error;
  }
}
