/** As in package.json, which a built package finds elsewhere than the sources do. */
export const VERSION = '0.1.0'
