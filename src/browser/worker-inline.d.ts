/** A script that vite puts into the bundle, to be run in a worker. */
declare module '*?worker&inline' {
  const InlineWorker: new (options?: { readonly name?: string }) => Worker
  export default InlineWorker
}
