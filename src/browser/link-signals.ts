/**
 * What two visitors tell each other to open a link, carried by whoever introduced them. Here it is parsed, once: text
 * from a stranger goes to the browser's WebRTC only in the few forms that a data channel needs. docs/PROTOCOL.md,
 * "Signalling", describes them for implementers.
 */

/** Longest SDP in characters. One data channel takes about 500 without candidates; a relay carries 16 KiB in all. */
export const MAX_SDP_LENGTH: number = 12 * 1024

/** Longest ICE candidate in characters (guess; real ones have 80 to 250). */
export const MAX_CANDIDATE_LENGTH = 512

/** Most candidates taken for one connection (guess; a host with four interfaces and two relays has about 20). */
export const MAX_CANDIDATES_PER_LINK = 64

/** `session` names one attempt at a connection: eight hex digits, drawn by its initiator, repeated by both ends. */
export type LinkSignal =
  | { readonly type: 'offer' | 'answer'; readonly session: string; readonly sdp: string }
  | { readonly type: 'candidate'; readonly session: string; readonly candidate: string }

/** The signal; null where the data is none. Only the fields of a signal are copied out of it. */
export function parseLinkSignal(data: unknown): LinkSignal | null {
  if (typeof data !== 'object' || data === null) return null
  const { type, session, sdp, candidate } = data as Readonly<Record<string, unknown>>
  if (typeof session !== 'string' || !SESSION_PATTERN.test(session)) return null
  switch (type) {
    case 'offer':
    case 'answer':
      return isDataChannelSdp(sdp) ? { type, session, sdp } : null
    case 'candidate':
      return isCandidate(candidate) ? { type, session, candidate } : null
    default:
      return null
  }
}

const SESSION_PATTERN = /^[0-9a-f]{8}$/

/** RFC 8839, section 5.1: foundation, component, transport, priority, address, port, type, and what may follow. */
const CANDIDATE_PATTERN =
  /^candidate:[\w+/]{1,32} [12] (?:udp|tcp) \d{1,10} [\w.:-]{1,255} \d{1,5} typ (?:host|srflx|prflx|relay)(?: [\x21-\x7e]{1,255}){0,20}$/i

/** One media section, and that one of a data channel: nobody sends us sound or pictures. */
function isDataChannelSdp(sdp: unknown): sdp is string {
  if (typeof sdp !== 'string' || sdp.length > MAX_SDP_LENGTH || !sdp.startsWith('v=0')) return false
  const sections = sdp.match(/^m=\w*/gm)
  return sections?.length === 1 && sections[0] === 'm=application'
}

function isCandidate(candidate: unknown): candidate is string {
  return (
    typeof candidate === 'string' &&
    candidate.length <= MAX_CANDIDATE_LENGTH &&
    CANDIDATE_PATTERN.test(candidate)
  )
}
