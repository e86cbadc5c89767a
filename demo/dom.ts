/**
 * Elements of demo/index.html by id, and SVG elements made to measure.
 */

/** The element; throws where the page has none of that id and kind, which is a mistake of ours. */
export function element<E extends Element>(id: string, kind: new () => E): E {
  const found = document.getElementById(id)
  if (found instanceof kind) return found
  throw new Error(`The page has no ${kind.name} #${id}.`)
}

/** Sets the text where it differs, so that live regions speak of changes only. */
export function setText(id: string, text: string): void {
  const target = element(id, HTMLElement)
  if (target.textContent !== text) target.textContent = text
}

export function show(id: string, visible: boolean): void {
  element(id, HTMLElement).hidden = !visible
}

/** An SVG element with these attributes. */
export function svg<K extends keyof SVGElementTagNameMap>(
  name: K,
  attributes: Readonly<Record<string, string | number>>,
): SVGElementTagNameMap[K] {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name)
  setAttributes(made, attributes)
  return made
}

export function setAttributes(target: Element, attributes: Readonly<Record<string, string | number>>): void {
  for (const [name, value] of Object.entries(attributes)) target.setAttribute(name, String(value))
}
