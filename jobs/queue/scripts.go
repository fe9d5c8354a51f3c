package queue

import "github.com/redis/go-redis/v9"

// signScript is a sign of life, and the question whether the attempt may go on.
//
// KEYS: fence, life. ARGV: attempt, life's text, life's ms, fence's ms, "1" to put a missing fence back.
// A fence is missing only where Redis lost its memory: a run that is under way stands by its claim then, a new one does not.
var signScript = redis.NewScript(`
local at = redis.call("GET", KEYS[1])
if not at and ARGV[5] == "1" then
	at = ARGV[1]
end
if at ~= ARGV[1] then
	return 0
end
redis.call("SET", KEYS[1], ARGV[1], "PX", ARGV[4])
redis.call("SET", KEYS[2], ARGV[2], "PX", ARGV[3])
return 1
`)

// finishScript removes what a run that ended leaves behind, and nothing of another attempt.
//
// KEYS: fence, life. ARGV: attempt.
var finishScript = redis.NewScript(`
if redis.call("GET", KEYS[1]) == ARGV[1] then
	redis.call("DEL", KEYS[1])
end
local life = redis.call("GET", KEYS[2])
if life and string.sub(life, 1, string.len(ARGV[1]) + 1) == ARGV[1] .. " " then
	redis.call("DEL", KEYS[2])
end
return 1
`)

// withdrawScript stops an op: a task that still waits is removed, one that runs finds the fence against it.
//
// KEYS: fence, asynq's pending list. ARGV: start of the task id, start of the task's key, fence's ms.
var withdrawScript = redis.NewScript(`
local at = redis.call("GET", KEYS[1])
redis.call("SET", KEYS[1], "withdrawn", "PX", ARGV[3])
if not at then
	return 0
end
local id = ARGV[1] .. at
local task = ARGV[2] .. id
if redis.call("HGET", task, "state") ~= "pending" then
	return 0
end
redis.call("LREM", KEYS[2], 0, id)
redis.call("DEL", task)
return 1
`)

// presentScript enters a worker in the list of those who are alive.
//
// KEYS: set of ids, the worker's key. ARGV: id, text, ms.
var presentScript = redis.NewScript(`
redis.call("SADD", KEYS[1], ARGV[1])
redis.call("SET", KEYS[2], ARGV[2], "PX", ARGV[3])
return 1
`)

// rollScript lists id, text and remaining ms of every worker that is alive, and forgets the others.
//
// KEYS: set of ids. ARGV: start of a worker's key.
var rollScript = redis.NewScript(`
local alive = {}
for _, id in ipairs(redis.call("SMEMBERS", KEYS[1])) do
	local key = ARGV[1] .. id
	local text = redis.call("GET", key)
	if text then
		alive[#alive + 1] = id
		alive[#alive + 1] = text
		alive[#alive + 1] = redis.call("PTTL", key)
	else
		redis.call("SREM", KEYS[1], id)
	end
end
return alive
`)
