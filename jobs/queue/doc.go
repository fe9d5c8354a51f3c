// Package queue carries jobs from the server to workers and their reports back, over asynq on Redis or on a
// Redis-protocol server inside this process. It is the only door to asynq, go-redis and miniredis.
//
// It keeps nothing that may not be lost. Redis may vanish, restart empty or be wiped: the owner of the work hears of it on
// Changed and sends again what Lookup calls Lost. It refuses to decide: it never runs a job a second time by itself, has no
// retries, no schedules and no history, and does not know what a job means.
//
// One job is one attempt at one op. The fence of an op says which attempt may run; a worker asks it before it starts and
// with every sign of life, so that an attempt that was overtaken or withdrawn stops wherever it runs.
//
// What one namespace keeps, all in one slot of a Cluster:
//
//	asynq:{ns}:...      asynq's own: the pending list, the active list, one hash a task "op-<op>-<attempt>"
//	{ns}:fence:<op>     the attempt that may run, or "withdrawn"
//	{ns}:life:<op>      "<attempt> <worker>\n<data>", gone LifeTTL after the last sign of life
//	{ns}:reports        a list of "<op> <attempt>\n<payload>", each there until it was handled
//	{ns}:workers        a set of worker ids; {ns}:worker:<id> says more and expires
//	{ns}:epoch          random; when it is missing, Redis lost its memory
//	{ns}:wake           a channel: something waits for a worker or for the receiver
package queue
