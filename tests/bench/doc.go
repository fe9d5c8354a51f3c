// Package bench measures the real program from outside: it starts the binary on its simulated cluster, works it over HTTP as
// clients do, and reports every figure beside what the disk under it gave in the same minute. It judges nothing: no figure
// makes a benchmark fail. docs/performance.md says how to run it and how to read it.
package bench
