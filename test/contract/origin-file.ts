/** The file that every origin of the contract suite serves, made by `makeSampleFile`. */
export const ORIGIN_FILE = { sizeBytes: 300_000, seed: 7 } as const
