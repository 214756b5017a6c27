// Lists of addresses and networks (CIDR), and whether an address is in one.
import { BlockList, isIP } from 'node:net';

/** @returns whether an address is in the list. @throws RangeError with the entry that is neither an address nor a network. */
export function addressList(entries: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', prefix] = entry.split('/');
    const version = isIP(address);
    const longest = version === 4 ? 32 : 128;
    const bits = Number(prefix ?? longest);
    if (version === 0 || prefix === '' || !Number.isInteger(bits) || bits < 0 || bits > longest) throw new RangeError(entry);
    list.addSubnet(address, bits, version === 4 ? 'ipv4' : 'ipv6');
  }
  return (address) => list.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6');
}

/** Whether a text is an address or a network such as 10.0.0.0/8. */
export function isAddressOrNetwork(entry: string): boolean {
  try {
    addressList([entry]);
    return true;
  } catch {
    return false;
  }
}
