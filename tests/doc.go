// Package tests drives the real program from outside: it starts the binary, speaks to it over HTTP as its users do, cuts it
// off, and looks at what is left. It holds no code of the product.
package tests
