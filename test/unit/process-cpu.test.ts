/** Processor time of a tree of processes, as Linux tells it. */

import { describe, expect, it } from 'vitest'

import { parseStat, treeCpuSec } from '../../testbed/process-cpu.ts'

describe('a line of /proc/PID/stat', () => {
  it('tells the parent, and time of its own and of children that have ended', () => {
    const line =
      '812 (chromium) S 700 812 812 0 -1 4194560 9 8 7 6 150 50 30 20 20 0 31 0 777 1234 99 18446744073709551615'
    expect(parseStat(line)).toEqual({ id: 812, parentId: 700, ownCpuSec: 2, cpuSec: 2.5 })
  })

  it('is not confused by what a process calls itself', () => {
    const line = '9 (a) S 1 (b c) R 4 9 9 0 -1 0 0 0 0 0 100 0 0 0 20 0 1 0 5 6 7'
    expect(parseStat(line)).toEqual({ id: 9, parentId: 4, ownCpuSec: 1, cpuSec: 1 })
  })

  it('of a process that has ended meanwhile is nothing', () => {
    expect(parseStat('')).toBeNull()
    expect(parseStat('12 (short) S')).toBeNull()
  })
})

describe('a tree of processes', () => {
  it('counts each process below its root once, and none beside it', () => {
    const all = [
      { id: 30, parentId: 20, ownCpuSec: 0, cpuSec: 4 },
      { id: 20, parentId: 10, ownCpuSec: 0, cpuSec: 2 },
      { id: 10, parentId: 1, ownCpuSec: 0, cpuSec: 1 },
      { id: 11, parentId: 1, ownCpuSec: 0, cpuSec: 100 },
      { id: 31, parentId: 20, ownCpuSec: 0, cpuSec: 8 },
    ]
    expect(treeCpuSec(10, all)).toBe(15)
    expect(treeCpuSec(99, all)).toBe(0)
  })
})
