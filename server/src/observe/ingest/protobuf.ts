// The protobuf wire format, read without copies: tags, varints, fixed numbers and length-delimited fields.

export const WireType = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** A cursor over one message's bytes. Every read checks its bounds. @throws RangeError on malformed bytes. */
export class WireReader {
  readonly bytes: Buffer;
  at: number;
  readonly end: number;

  constructor(bytes: Buffer, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  get more(): boolean {
    return this.at < this.end;
  }

  /** An unsigned varint; exact up to 2^53, beyond it rounded. */
  varint(): number {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 10; count += 1) {
      if (this.at >= this.end) throw new RangeError('truncated varint');
      const byte = this.bytes[this.at++] as number;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    throw new RangeError('varint longer than ten bytes');
  }

  /** A signed 64-bit varint: a number when exact, else its decimal digits. */
  int64(): number | string {
    let value = 0n;
    let shift = 0n;
    const start = this.at;
    const near = this.varint();
    if (near <= Number.MAX_SAFE_INTEGER) return near;
    for (this.at = start; ; shift += 7n) {
      const byte = this.bytes[this.at++] as number;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    const signed = BigInt.asIntN(64, value);
    const number = Number(signed);
    return Number.isSafeInteger(number) ? number : signed.toString();
  }

  private take(size: number): number {
    const start = this.at;
    if (size < 0 || start + size > this.end) throw new RangeError('a field is longer than its message');
    this.at = start + size;
    return start;
  }

  double(): number {
    return this.bytes.readDoubleLE(this.take(8));
  }

  /** fixed64 nanoseconds -> whole microseconds. */
  microseconds(): number {
    const start = this.take(8);
    const low = this.bytes.readUInt32LE(start);
    const high = this.bytes.readUInt32LE(start + 4);
    // (high * 2^32 + low) / 1000 without losing the last digits: split high * 2^32 by 1000 first.
    const highQuotient = high * 4_294_967 + Math.floor((high * 296 + low) / 1000);
    return highQuotient;
  }

  /** fixed64 as it is. */
  fixed64(): bigint {
    return this.bytes.readBigUInt64LE(this.take(8));
  }

  /** sfixed64 as it is. */
  sfixed64(): bigint {
    return this.bytes.readBigInt64LE(this.take(8));
  }

  fixed32(): number {
    return this.bytes.readUInt32LE(this.take(4));
  }

  /** An unsigned 64-bit varint, exact. @throws RangeError beyond 64 bits. */
  uint64(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (this.at >= this.end) throw new RangeError('truncated varint');
      const byte = this.bytes[this.at++] as number;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new RangeError('varint longer than ten bytes');
  }

  /** A nested message (or packed bytes) as a reader of its own. */
  message(): WireReader {
    const size = this.varint();
    const start = this.take(size);
    return new WireReader(this.bytes, start, start + size);
  }

  text(): string {
    const size = this.varint();
    const start = this.take(size);
    return this.bytes.toString('utf8', start, start + size);
  }

  hex(): string {
    const size = this.varint();
    const start = this.take(size);
    return this.bytes.toString('hex', start, start + size);
  }

  base64(): string {
    const size = this.varint();
    const start = this.take(size);
    return this.bytes.toString('base64', start, start + size);
  }

  /** Steps over a field of a wire type. */
  skip(wireType: number): void {
    if (wireType === WireType.varint) this.varint();
    else if (wireType === WireType.fixed64) this.take(8);
    else if (wireType === WireType.bytes) this.take(this.varint());
    else if (wireType === WireType.fixed32) this.take(4);
    else throw new RangeError(`unknown wire type ${wireType}`);
  }
}
