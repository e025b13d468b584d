#!/usr/bin/env node
// client.js COMMAND [ARG]... - runs COMMAND so that neither it nor any descendant of it outlives this
// program, kill -9 included. Node cannot receive a descriptor, so tether stays: the pipe to its
// standard input, which COMMAND reads from, too, is at its end when this program is gone.
const { spawn } = require('node:child_process');
const readline = require('node:readline');

const options = ['-q', '--die-on-eof=0', '--tree', '--status-fd=3'];
const child = spawn('tether', [...options, '--', ...process.argv.slice(2)], {
  stdio: ['pipe', 'inherit', 'inherit', 'pipe'],
});

readline.createInterface({ input: child.stdio[3] }).on('line', (line) => {
  const record = JSON.parse(line);
  if (record.record === 'start') {
    console.log(`pid ${record.pid}`);
  } else if (record.record === 'exit') {
    console.log(record.signal ? `killed by ${record.signal}` : `exited with status ${record.status}`);
  } else if (record.record === 'error') {
    process.exitCode = 1; // tether has said why
  }
});
