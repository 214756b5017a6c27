// What went wrong at AWS, in the few kinds that the life cycle treats differently.

export type CloudErrorCode = 'not-found' | 'in-use' | 'throttled' | 'denied' | 'credentials' | 'conflict' | 'unavailable' | 'invalid' | 'other';

/** An answer of AWS that is an error, or no answer at all. `awsCode` is the service's own word for it. */
export class CloudError extends Error {
  readonly code: CloudErrorCode;
  readonly awsCode: string;
  constructor(code: CloudErrorCode, message: string, options: { awsCode?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'CloudError';
    this.code = code;
    this.awsCode = options.awsCode ?? code;
  }
}

/** First match wins; names are those of the services' own error lists. */
const RULES: readonly (readonly [RegExp, CloudErrorCode])[] = [
  [/Throttl|TooManyRequests|RequestLimitExceeded|SlowDown|Rate exceeded|RequestThrottled|BandwidthLimit/i, 'throttled'],
  [
    /CredentialsProviderError|ExpiredToken|InvalidClientTokenId|UnrecognizedClient|AuthFailure|SignatureDoesNotMatch|InvalidAccessKeyId|TokenRefreshRequired/i,
    'credentials',
  ],
  [/AccessDenied|UnauthorizedOperation|NotAuthorized|Forbidden|OptInRequired/i, 'denied'],
  [/NotFound|NoSuch|DoesNotExist|NotFoundFault|ResourceNotFound|InvalidAllocationID|404/i, 'not-found'],
  [
    /DeleteConflict|DependencyViolation|ResourceInUse|InUse|BucketNotEmpty|VolumeInUse|InvalidDBClusterState|InvalidDBInstanceState|IncorrectState|IncorrectInstanceState|InvalidGroup.InUse|CacheClusterNotAvailable|InvalidReplicationGroupState/i,
    'in-use',
  ],
  [/AlreadyExists|Conflict|Duplicate|OperationInProgress|TokenAlreadyExists/i, 'conflict'],
  [/ServiceUnavailable|InternalFailure|InternalError|InternalServer|TimeoutError|ECONN|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EPIPE|socket hang up/i, 'unavailable'],
  [/Validation|Invalid|Malformed/i, 'invalid'],
];

/** The error of an SDK client in our words; anything that is none stays what it is. */
export function cloudErrorOf(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof CloudError) return error;
  const { name, code, Code } = error as { name: string; code?: unknown; Code?: unknown };
  const isSdk = '$metadata' in error || typeof code === 'string' || name === 'CredentialsProviderError' || name === 'TimeoutError';
  if (!isSdk) return error;
  const awsCode = [name === 'Error' ? '' : name, code, Code].filter((part) => typeof part === 'string' && part !== '').join(' ');
  // CloudFormation says "does not exist" inside a ValidationError: there the message knows more than the name.
  const words =
    name === 'ValidationError'
      ? `${/does not exist/.test(error.message) ? 'DoesNotExist' : ''} ${/_IN_PROGRESS|can not be updated/.test(error.message) ? 'InUse' : ''} ${awsCode}`
      : awsCode;
  const kind = RULES.find(([pattern]) => pattern.test(words))?.[1] ?? 'other';
  return new CloudError(kind, error.message, { awsCode: awsCode.split(' ')[0] ?? 'Error', cause: error });
}

/** Waits for an SDK call and throws its failure as a CloudError. */
export async function answerOf<Answer>(call: Promise<Answer>): Promise<Answer> {
  try {
    return await call;
  } catch (error) {
    throw cloudErrorOf(error);
  }
}

/** The call's answer, or `fallback` when the thing does not exist. @throws CloudError of every other kind */
export async function unlessMissing<Answer, Fallback>(call: Promise<Answer>, fallback: Fallback): Promise<Answer | Fallback> {
  try {
    return await call;
  } catch (error) {
    const translated = cloudErrorOf(error);
    if (translated instanceof CloudError && translated.code === 'not-found') return fallback;
    throw translated;
  }
}
