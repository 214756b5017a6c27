// Listed prices of pictures by size and quality: LiteLLM names them `hd/1024-x-1792/dall-e-3`, beside or instead of the model itself.
import type { ListedRow } from './listed.ts';
import type { ImageVariant } from './port.ts';

const NAME = /^(?:.*?\/)??(?:(low|medium|high|hd|standard|auto)\/)?(\d{2,5})-x-(\d{2,5})\/([^/]+)$/;

export interface VariantRow {
  /** The model's own name, without a prefix. */
  readonly model: string;
  readonly quality: string | null;
  readonly size: string;
  readonly row: ListedRow;
}

/** What the name of a listed row says; null for a row of a model itself. */
export function variantOf(row: ListedRow): VariantRow | null {
  const match = NAME.exec(row.model.toLowerCase());
  if (match === null || (row.price.image === undefined && row.price.megapixel === undefined)) return null;
  return { model: match[4] as string, quality: match[1] ?? null, size: `${match[2]}x${match[3]}`, row };
}

/** The name of a model without what stands before it. */
export function bareName(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1).toLowerCase();
}

/** Both price units of a row, as far as it has them. */
export function pictureRates({ image, megapixel }: Pick<ListedRow['price'], 'image' | 'megapixel'>): Pick<ImageVariant, 'imagePicos' | 'megapixelPicos'> {
  return { ...(image === undefined ? {} : { imagePicos: BigInt(image) }), ...(megapixel === undefined ? {} : { megapixelPicos: BigInt(megapixel) }) };
}
