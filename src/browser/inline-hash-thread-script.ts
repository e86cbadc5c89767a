/** All that the thread of `inline-hash-thread.ts` runs. */

import { hashForPage } from './hash-thread.ts'

hashForPage()
