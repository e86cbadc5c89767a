/** A script that vite puts into the bundle, to be run in a worker. */
declare module '*?worker&inline' {
  const InlineWorker: new () => Worker
  export default InlineWorker
}
