// Prints what the Khronos Group's glTF validator finds in files, as one JSON object a line.
//
//   node validate.cjs FOLDER_OF_PACKAGES FILE…
'use strict';
const fs = require('fs');
const path = require('path');

async function main() {
  const [packages, ...files] = process.argv.slice(2);
  const validator = require(path.join(packages, 'node_modules', 'gltf-validator'));
  for (const file of files) {
    const report = await validator.validateBytes(new Uint8Array(fs.readFileSync(file)), {
      maxIssues: 100,
    });
    const { numErrors, numWarnings, messages } = report.issues;
    console.log(JSON.stringify({ file, numErrors, numWarnings, messages }));
  }
}

main().catch((error) => {
  console.error(String(error));
  process.exit(1);
});
