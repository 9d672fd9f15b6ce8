/** Commits images in turn for as long as it lives: `node committer.ts TARGET FIRST IMAGE...`, FIRST being the
 * number of the image to begin with. Says `ready`, and then the number of each image that is committed. */
import { readFileSync, writeSync } from 'node:fs'
import { commitImage } from '../../src/maps/image-file.ts'

const [target = '', first = '', ...files] = process.argv.slice(2)
const images = files.map((file) => {
  const content = readFileSync(file)
  const bytes = new ArrayBuffer(content.length)
  content.copy(Buffer.from(bytes))
  return bytes
})

// Written at once, so that no word of a commit that was done is lost with the process.
writeSync(1, 'ready\n')
for (let number = Number(first); ; number = (number + 1) % images.length) {
  await commitImage(target, images[number]!)
  writeSync(1, `${number}\n`)
}
