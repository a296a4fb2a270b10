import ipaddr from 'ipaddr.js';

/**
 * What counts as one address in a budget: an IPv4 address, or the /64 of an IPv6 one. A provider hands out whole /64s,
 * and whoever has one changes address within it at will.
 * @param address as the request came from; anything that is none stays as it is
 */
export function networkOf(address: string): string {
  if (!address.includes(':') || !ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return parsed.toString();
  const network = (parsed as ipaddr.IPv6).parts.slice(0, 4).map((part) => part.toString(16));
  return `${network.join(':')}::/64`;
}
