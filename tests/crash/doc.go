// Package crash cuts the real program off in the middle of its work, and its Redis, its workers, its RabbitMQ, its SSH connections and its
// machines, and requires that nothing acknowledged is lost and nothing is left over. Storage nodes are simulated ones that live in
// the test's process, behind real SSH connections, and the machines of pools live in a file; it holds no code of the product.
package crash
