/** A visitor made of a bare connection, among visitors made of links. */

import { idOf, type Visitor, type Visitors } from './links-visitors.ts'
import { RawPeer } from './raw-peer.ts'

export const STRANGER = idOf('fffffffffffffff0')

export const SESSION = '01234567'

/** A stranger whose signals ada hears, and who hears hers. */
export function comeStranger(visitors: Visitors, ada: Visitor, id = STRANGER): RawPeer {
  const stranger = new RawPeer(id, ada.links)
  visitors.invite(stranger)
  return stranger
}

/** Ada, and a stranger with an open link to her. */
export async function linkedStranger(visitors: Visitors): Promise<[Visitor, RawPeer]> {
  const [ada] = visitors.come(1)
  const stranger = comeStranger(visitors, ada)
  const opened = Promise.all([ada.opened(stranger), stranger.isOpen])
  await stranger.offer(SESSION)
  await opened
  return [ada, stranger]
}
