/** An IP address as its bytes, 4 or 16. An IPv4 address that IPv6 carries as itself (`::ffff:0:0/96`) is that IPv4 address. */
export type Address = readonly number[];

export interface AddressRange {
  readonly bytes: Address;
  readonly bits: number;
}

/** @returns undefined for what is no address in its usual spelling: four decimal numbers, or IPv6 without brackets and zone */
export function parseAddress(text: string): Address | undefined {
  const bytes = parseV4(text) ?? parseV6(text);
  return bytes && isWithin(bytes, V4_MAPPED) ? bytes.slice(12) : bytes;
}

/** `10.0.0.0/8`, `fd00::/8`; without bits, that address alone. Bits below the mask must be zero. */
export function parseRange(text: string): AddressRange | undefined {
  const range = readRange(text);
  return range && range.bits >= V4_MAPPED.bits && isWithin(range.bytes, V4_MAPPED)
    ? { bytes: range.bytes.slice(12), bits: range.bits - V4_MAPPED.bits }
    : range;
}

function readRange(text: string): AddressRange | undefined {
  const match = /^([0-9a-fA-F:.]+)(?:\/(\d{1,3}))?$/.exec(text);
  const bytes = match && (parseV4(match[1] as string) ?? parseV6(match[1] as string));
  if (!bytes) return undefined;
  const bits = match[2] === undefined ? bytes.length * 8 : Number(match[2]);
  if (bits > bytes.length * 8) return undefined;
  const below = bytes.some((byte, at) => (byte & (0xff >> Math.min(8, Math.max(0, bits - at * 8)))) !== 0);
  return below ? undefined : { bytes, bits };
}

export function isWithin(address: Address, range: AddressRange): boolean {
  if (address.length !== range.bytes.length) return false;
  return address.every((byte, at) => {
    const mask = 0xff & ~(0xff >> Math.min(8, Math.max(0, range.bits - at * 8)));
    return (byte & mask) === ((range.bytes[at] as number) & mask);
  });
}

/**
 * Whether an address is one of the public Internet. Everything else is refused unless a grant names it: what is reserved or special today
 * (IANA's IPv4 and IPv6 Special-Purpose Address Registries), and what may carry another address inside.
 */
export function isPublic(address: Address): boolean {
  if (address.length === 4) return !NOT_PUBLIC_V4.some((range) => isWithin(address, range));
  const carried = NAT64.some((range) => isWithin(address, range)) ? address.slice(12) : undefined;
  if (carried) return isPublic(carried);
  // ISATAP (RFC 5214) puts an IPv4 address behind these in any network.
  const isatap = (address[8] === 0 || address[8] === 2) && address[9] === 0 && address[10] === 0x5e && address[11] === 0xfe;
  return isWithin(address, GLOBAL_UNICAST) && !isatap && !NOT_PUBLIC_V6.some((range) => isWithin(address, range));
}

const V4_MAPPED = range("::ffff:0:0/96");
/** All that IANA has given out to be routed. What is outside (loopback, link-local, unique local, multicast, mapped, unassigned) is not. */
const GLOBAL_UNICAST = range("2000::/3");
const NAT64 = [range("64:ff9b::/96")]; // RFC 6052: the IPv4 address behind it is what is connected to

const NOT_PUBLIC_V4 = [
  "0.0.0.0/8", // this network
  "10.0.0.0/8", // private
  "100.64.0.0/10", // shared, carriers' NAT
  "127.0.0.0/8", // loopback
  "168.63.129.16/32", // Azure's platform service, which looks public
  "169.254.0.0/16", // link-local: metadata of most clouds
  "172.16.0.0/12", // private
  "192.0.0.0/24", // protocol assignments
  "192.0.2.0/24", // documentation
  "192.31.196.0/24", // AS112
  "192.52.193.0/24", // AMT
  "192.88.99.0/24", // 6to4 relays, deprecated
  "192.168.0.0/16", // private
  "192.175.48.0/24", // AS112
  "198.18.0.0/15", // benchmarks
  "198.51.100.0/24", // documentation
  "203.0.113.0/24", // documentation
  "224.0.0.0/4", // multicast
  "240.0.0.0/4", // reserved, and broadcast
].map(range);

const NOT_PUBLIC_V6 = [
  "2001::/23", // protocol assignments: Teredo, benchmarks, ORCHID
  "2001:db8::/32", // documentation
  "2002::/16", // 6to4, with any IPv4 address inside
  "2620:4f:8000::/48", // AS112
  "3fff::/20", // documentation
].map(range);

function range(text: string): AddressRange {
  const parsed = readRange(text);
  if (!parsed) throw new Error(`"${text}" is no range`);
  return parsed;
}

function parseV4(text: string): number[] | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  const parts = match?.slice(1);
  if (!parts || parts.some((part) => Number(part) > 255 || (part.length > 1 && part.startsWith("0")))) return undefined;
  return parts.map(Number);
}

function parseV6(text: string): number[] | undefined {
  const halves = text.split("::");
  if (halves.length > 2 || !text.includes(":")) return undefined;
  const [before, after] = halves.map((half, index) => groups(half, index === halves.length - 1));
  if (!before || (halves.length === 2 && !after)) return undefined;
  const missing = 16 - before.length - (after?.length ?? 0);
  if (halves.length === 1 ? missing !== 0 : missing < 2) return undefined;
  return [...before, ...Array<number>(missing).fill(0), ...(after ?? [])];
}

/** Groups of 16 bits as bytes; the last may be an IPv4 address. */
function groups(text: string, last: boolean): number[] | undefined {
  if (text === "") return [];
  const bytes: number[] = [];
  const parts = text.split(":");
  for (const [at, part] of parts.entries()) {
    const v4 = last && at === parts.length - 1 && part.includes(".") ? parseV4(part) : undefined;
    if (v4) bytes.push(...v4);
    else if (/^[0-9a-fA-F]{1,4}$/.test(part)) bytes.push(Number.parseInt(part, 16) >> 8, Number.parseInt(part, 16) & 255);
    else return undefined;
  }
  return bytes.length > 16 ? undefined : bytes;
}
