// The pictures that an edit brings, for upstreams that take them inside their own language.
import type { Call } from '#gateway/call.ts';
import type { Given, GivenPicture } from '#gateway/providers/pictures.ts';
import { fieldOf } from '#gateway/request.ts';
import { AppError } from '#lib/errors.ts';
import { fieldsOf, textOf } from '#lib/json.ts';

/** Kinds by their first bytes; a client need not say them. */
const KINDS: readonly (readonly [string, RegExp])[] = [
  ['image/png', /^\x89PNG/],
  ['image/jpeg', /^\xff\xd8\xff/],
  ['image/webp', /^RIFF.{4}WEBP/s],
  ['image/gif', /^GIF8/],
];

/** @throws AppError 400 for an edit without pictures, and for pictures that stand elsewhere. */
export function givenPictures(call: Call): Given {
  if (call.endpoint !== 'image-edits') return { pictures: [], masked: false };
  const pictures = call.form === null ? named(call) : uploaded(call);
  if (pictures.length === 0) throw refused('An edit needs the picture to change: upload it as "image".');
  // A form's file is a member of what the call says too.
  return { pictures, masked: call.asked !== null && (fieldOf(call.asked, 'mask') ?? null) !== null };
}

function uploaded({ form }: Call): GivenPicture[] {
  return (form?.files ?? []).flatMap(({ part }) => {
    if (part.name !== 'image' && part.name !== 'image[]') return [];
    const bytes = form?.scanned.bytes.subarray(part.valueStart, part.valueEnd) ?? Buffer.alloc(0);
    return [{ mimeType: kindOf(bytes, part.type), data: bytes.toString('base64') }];
  });
}

function kindOf(bytes: Buffer, stated: string | null): string {
  const head = bytes.toString('latin1', 0, 16);
  return KINDS.find(([, pattern]) => pattern.test(head))?.[0] ?? (stated?.startsWith('image/') === true ? stated : 'image/png');
}

/** OpenAI's JSON form of an edit. */
function named(call: Call): GivenPicture[] {
  const images = call.asked === null ? null : fieldOf(call.asked, 'images');
  return (Array.isArray(images) ? images : []).map((image: unknown) => {
    const match = /^data:([\w/+.-]+);base64,([A-Za-z0-9+/=]+)$/.exec(textOf(fieldsOf(image).image_url));
    if (match === null) throw refused('This model takes pictures that are uploaded, or data: URLs in "image_url".');
    return { mimeType: match[1] as string, data: match[2] as string };
  });
}

function refused(message: string): AppError {
  return new AppError(message, { status: 400, code: 'invalid_request_error', param: 'image' });
}
