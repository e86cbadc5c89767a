/** All that the threads of `inline-thread.ts` run. */

import { workForPage } from './thread.ts'

workForPage()
