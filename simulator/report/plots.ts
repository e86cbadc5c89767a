/** The plots of the report: SVG by Apache ECharts, rendered without a browser. */

import * as echarts from 'echarts'

export interface Axis {
  /** With its unit. */
  readonly name: string
  readonly log?: boolean
  readonly min?: number
  readonly max?: number
}

export interface Line {
  readonly name: string
  readonly points: readonly (readonly [x: number, y: number])[]
  readonly dashed?: boolean
  /** Draws the points themselves, too. */
  readonly marked?: boolean
  /** Colour by its place in the palette, so that lines that belong together look alike. Default: the line's place. */
  readonly colour?: number
}

/** Without a browser nobody measures text. This errs on the wide side, whatever sans serif the reader has. */
const MEAN_LETTER_EM = 0.62

echarts.setPlatformAPI({
  measureText: (text: string, font = '12px'): { width: number } => ({
    width: widthOf(text, Number.parseFloat(/([\d.]+)px/.exec(font)?.[1] ?? '12')),
  }),
})

function widthOf(text: string, fontSize: number): number {
  return text.length * MEAN_LETTER_EM * fontSize
}

const [WIDTH, HEIGHT] = [860, 480]

/** Colour-blind safe: Okabe and Ito's. */
const PALETTE = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000', '#999999']

const FONT = { fontFamily: 'Helvetica, Arial, sans-serif', color: '#222222' }
/** Names every category: by default some are left out where there is little room. */
const EVERY_NAME = { ...FONT, interval: 0 }

export function linePlot(plot: {
  readonly title: string
  readonly x: Axis
  readonly y: Axis
  readonly lines: readonly Line[]
}): string {
  const { title, x, y, lines } = plot
  return rendered(WIDTH, HEIGHT, {
    ...frame(
      title,
      lines.map(({ name }) => name),
    ),
    xAxis: axisOf(x, 'x'),
    yAxis: axisOf(y, 'y'),
    series: lines.map(({ name, points, dashed, marked, colour }, index) => ({
      type: 'line' as const,
      name,
      data: points.map(([px, py]) => [px, py]),
      symbol: marked === true ? 'circle' : 'none',
      symbolSize: 7,
      lineStyle: { width: 2, type: dashed === true ? ('dashed' as const) : ('solid' as const) },
      color: PALETTE[(colour ?? index) % PALETTE.length] ?? '#000000',
    })),
  })
}

export function barPlot(plot: {
  readonly title: string
  readonly x: Axis
  readonly y: Axis
  readonly categories: readonly string[]
  readonly bars: readonly { readonly name: string; readonly values: readonly number[] }[]
}): string {
  const { title, x, y, categories, bars } = plot
  return rendered(WIDTH, HEIGHT, {
    ...frame(
      title,
      bars.map(({ name }) => name),
    ),
    color: PALETTE,
    xAxis: {
      ...named(x, 'x'),
      type: 'category',
      axisLabel: EVERY_NAME,
      data: [...categories],
    },
    yAxis: axisOf(y, 'y'),
    series: bars.map(({ name, values }) => ({ type: 'bar' as const, name, data: [...values] })),
  })
}

/** A range of values, and how its cells are coloured and explained. */
export interface Band {
  readonly below: number
  readonly colour: string
  readonly label: string
}

/** Cells by row and column, null where nothing is known. The first band whose `below` is above the value colours it. */
export function heatMap(plot: {
  readonly title: string
  readonly x: Axis
  readonly y: Axis
  readonly columns: readonly string[]
  readonly rows: readonly string[]
  readonly cells: readonly (readonly (number | null)[])[]
  readonly bands: readonly Band[]
}): string {
  const { title, x, y, columns, rows, cells, bands } = plot
  const height = 170 + rows.length * 32
  const category = { type: 'category' as const, splitArea: { show: false } }
  return rendered(WIDTH + 60, height, {
    ...frame(title, []),
    grid: { left: 110, right: 30, top: 60, bottom: 110 },
    xAxis: {
      ...named(x, 'x'),
      ...category,
      data: [...columns],
      axisLabel: { ...EVERY_NAME, fontSize: 11 },
    },
    yAxis: {
      ...named(y, 'y'),
      nameGap: 80,
      ...category,
      data: [...rows],
      inverse: true,
      axisLabel: { ...EVERY_NAME, fontSize: 11 },
    },
    visualMap: {
      type: 'piecewise',
      orient: 'horizontal',
      bottom: 8,
      left: 'center',
      itemWidth: 16,
      textStyle: FONT,
      pieces: bands.map(({ below, colour, label }, index) => ({
        ...(index === 0 ? {} : { gte: bands[index - 1]?.below ?? 0 }),
        ...(Number.isFinite(below) ? { lt: below } : {}),
        color: colour,
        label,
      })),
    },
    series: [
      {
        type: 'heatmap',
        data: cells.flatMap((row, rowIndex) =>
          row.flatMap((value, column) => (value === null ? [] : [[column, rowIndex, value]])),
        ),
        label: {
          show: true,
          fontSize: 11,
          color: '#000000',
          formatter: ({ value }) => shortly((value as readonly number[])[2] ?? 0),
        },
        itemStyle: { borderColor: '#ffffff', borderWidth: 1 },
      },
    ],
  })
}

/** Two significant digits below one, two decimals near it. */
function shortly(value: number): string {
  if (value >= 10) return value.toFixed(0)
  return value >= 0.095 ? value.toFixed(2) : value.toPrecision(1)
}

/** Title, legend, and the room that is left below them. */
function frame(title: string, names: readonly string[]): echarts.EChartsOption {
  const entryWidth = LEGEND.itemWidth + 5 + LEGEND.itemGap
  let [rows, filled] = [1, 0]
  for (const name of names) {
    const width = widthOf(name, LEGEND_FONT_SIZE) + entryWidth
    if (filled + width > WIDTH - 40) [rows, filled] = [rows + 1, 0]
    filled += width
  }
  return {
    animation: false,
    backgroundColor: '#ffffff',
    textStyle: FONT,
    title: { text: title, left: 'center', top: 8, textStyle: { ...FONT, fontSize: 15, fontWeight: 'bold' } },
    legend: { ...LEGEND, data: [...names], textStyle: { ...FONT, fontSize: LEGEND_FONT_SIZE } },
    grid: { left: 80, right: 40, top: 52 + rows * 24, bottom: 64 },
  }
}

const LEGEND_FONT_SIZE = 12
const LEGEND = { top: 36, left: 'center', itemWidth: 30, itemGap: 18 } as const

function named({ name }: Axis, side: 'x' | 'y'): object {
  return {
    name,
    nameLocation: 'middle',
    nameGap: side === 'x' ? 34 : 58,
    nameTextStyle: { ...FONT, fontSize: 13 },
    axisLabel: FONT,
    axisLine: { show: true, lineStyle: { color: '#666666' } },
  }
}

function axisOf(axis: Axis, side: 'x' | 'y'): object {
  const { log, min, max } = axis
  return {
    ...named(axis, side),
    type: log === true ? 'log' : 'value',
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    splitLine: { show: true, lineStyle: { color: '#e4e4e4' } },
  }
}

function rendered(width: number, height: number, option: echarts.EChartsOption): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height })
  chart.setOption(option)
  const svg = chart.renderToSVGString()
  chart.dispose()
  return asDrawing(svg)
}

/** Without what only a chart that can be pointed at needs, and what is numbered by how many were drawn before. */
function asDrawing(svg: string): string {
  return svg
    .replace(/<style\b[\s\S]*?<\/style>\s*/g, '')
    .replace(/ (?:class|ecmeta_\w+|pointer-events)="[^"]*"/g, '')
    .replace(/\bzr\d+-/g, '')
}
