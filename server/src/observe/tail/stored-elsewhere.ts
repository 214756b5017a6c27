// What is said where rows are stored by another process.
import { AppError } from '#lib/errors.ts';

export function storedElsewhere(): AppError {
  return new AppError('The live tail is served by the process that stores events, which is another one.', { status: 422, code: 'LiveTailElsewhere' });
}
