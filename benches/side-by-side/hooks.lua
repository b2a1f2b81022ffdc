-- The two checks of checks-condition.rhai as wrk's hooks. What holds is counted in a local, the fastest Lua has;
-- what does not is counted in a global, which `done` can read.
local held = 0
failed = 0

local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

request = function()
  return wrk.format("GET", "/hello")
end

response = function(status, headers, body)
  if status == 200 then held = held + 1 else failed = failed + 1 end
  if #body == 34 then held = held + 1 else failed = failed + 1 end
end

done = function()
  local all = 0
  for _, thread in ipairs(threads) do
    all = all + thread:get("failed")
  end
  io.write(string.format("checks failed: %d\n", all))
end
