-- lua tests/health_test.lua argocd/health.lua: what Argo CD, and kstatus, make of resources as the operator leaves
-- them.
local path = assert(arg[1], "usage: lua health_test.lua health.lua")
local file = assert(io.open(path))
local text = file:read("*a")
file:close()

-- Argo CD gives a script nothing but the object and the basics of the language.
local function health(object)
  local world = {obj = object, ipairs = ipairs, pairs = pairs, type = type, tostring = tostring, string = string, table = table}
  local script
  if setfenv then
    script = setfenv(assert(loadstring(text, "@" .. path)), world)
  else
    script = assert(load(text, "@" .. path, "t", world))
  end
  return script()
end

-- The rules of kstatus (sigs.k8s.io/cli-utils) for kinds that it does not know: the first condition that says
-- something decides.
local function kstatus(object)
  if object.metadata.deletionTimestamp then return "Terminating" end
  local status = object.status or {}
  if status.observedGeneration and status.observedGeneration ~= object.metadata.generation then return "InProgress" end
  for _, condition in ipairs(status.conditions or {}) do
    if condition.status == "True" and condition.type == "Reconciling" then return "InProgress" end
    if condition.status == "True" and condition.type == "Stalled" then return "Failed" end
  end
  for _, condition in ipairs(status.conditions or {}) do
    if condition.type == "Ready" then return condition.status == "True" and "Current" or "InProgress" end
  end
  return "Current"
end
local as_argo = {InProgress = "Progressing", Terminating = "Progressing", Failed = "Degraded", Current = "Healthy"}

-- Where the operator puts its conditions.
local order = {"Complete", "Failed", "Syncing", "Reconciling", "Scanned", "Worked", "Published", "Stalled", "Ready"}

local function said(conditions, more)
  local list = {}
  for _, kind in ipairs(order) do
    local entry = conditions[kind]
    if entry then
      list[#list + 1] = {type = kind, status = entry[1], reason = "Because", message = entry[2]}
    end
  end
  local object = {
    metadata = {name = "warehouse", generation = 2},
    spec = {suspend = false},
    status = {observedGeneration = 2, conditions = list},
  }
  for part, fields in pairs(more or {}) do
    for key, value in pairs(fields) do object[part][key] = value end
  end
  return object
end

local ready = {"True", "50 documents behind the alias warehouse, by run 3"}
local not_ready = {"False", "nothing can be searched yet: the first run is to be published"}
local no = {"False", "no"}

-- `differs`: why it is not what kstatus says.
local cases = {
  {
    because = "nobody looked at it yet",
    object = {metadata = {generation = 1}, spec = {}},
    status = "Progressing", message = "waits for Vitrine's operator to look at it",
    differs = "kstatus takes what has no status for done",
  },
  {
    because = "the operator wrote its first word",
    object = {metadata = {generation = 1}, spec = {}, status = {observedGeneration = 1}},
    status = "Progressing", message = "waits for its first run",
    differs = "kstatus takes what has no conditions for done",
  },
  {
    because = "the first run is under way",
    object = said {Ready = not_ready, Reconciling = {"True", "run 1 makes what the spec asks for"}, Stalled = no,
                   Syncing = {"True", "run 1 works on 12 chunks"}},
    status = "Progressing", message = "run 1 works on 12 chunks",
  },
  {
    because = "other runs come first",
    object = said {Ready = not_ready, Syncing = {"False", "20 runs are under way in the cluster, which is the limit"}},
    status = "Progressing", message = not_ready[2],
  },
  {
    because = "the spec is realised",
    object = said {Ready = ready, Reconciling = no, Stalled = no, Syncing = no},
    status = "Healthy", message = ready[2],
  },
  {
    because = "a sync of the same spec is no change of it",
    object = said {Ready = ready, Reconciling = no, Stalled = no, Syncing = {"True", "run 4 lists the source"}},
    status = "Healthy", message = ready[2],
  },
  {
    because = "a new spec is being realised while the old index answers",
    object = said {Ready = ready, Reconciling = {"True", "run 5 makes what the spec asks for"}, Stalled = no, Syncing = no},
    status = "Progressing", message = "run 5 makes what the spec asks for",
  },
  {
    because = "what was said is about an older spec",
    object = said({Ready = ready, Reconciling = no, Stalled = no}, {metadata = {generation = 3}}),
    status = "Progressing", message = "waits for Vitrine's operator to look at its newest spec",
  },
  {
    because = "the spec names a field that is wrong",
    object = said {Ready = not_ready, Reconciling = no, Stalled = {"True", "spec.source.uri has a user name or password"}},
    status = "Degraded", message = "spec.source.uri has a user name or password",
  },
  {
    because = "a person is needed, although it is tried again",
    object = said {Ready = not_ready, Reconciling = {"True", "run 1 makes what the spec asks for"},
                   Stalled = {"True", "the Secret es-writer has no api-key"}},
    status = "Degraded", message = "the Secret es-writer has no api-key",
    differs = "kstatus says what comes first, Argo CD what a person has to do",
  },
  {
    because = "a person is needed, although the old index answers",
    object = said {Ready = ready, Reconciling = no, Stalled = {"True", "240 of 300 assets left the source"}},
    status = "Degraded", message = "240 of 300 assets left the source",
  },
  {
    because = "somebody asked for quiet",
    object = said({Ready = ready, Reconciling = no, Stalled = no}, {spec = {suspend = true}}),
    status = "Suspended", message = "spec.suspend is true: no run starts until it is false",
    differs = "kstatus knows no suspension",
  },
  {
    because = "somebody asked for quiet, and nobody looked at it yet",
    object = {metadata = {generation = 1}, spec = {suspend = true}},
    status = "Suspended", message = "spec.suspend is true: no run starts until it is false",
    differs = "kstatus knows no suspension",
  },
  {
    because = "a job is under way, and was not before",
    object = said {Complete = no, Failed = no, Ready = not_ready, Reconciling = {"True", "run 1 works on 12 chunks"},
                   Stalled = no},
    status = "Progressing", message = "run 1 works on 12 chunks",
  },
  {
    because = "a job that is complete has nothing to suspend",
    object = said({Complete = {"True", "run 1: 20 clips"}, Failed = no, Ready = ready, Reconciling = no, Stalled = no},
                  {spec = {suspend = true}}),
    status = "Healthy", message = ready[2],
  },
  {
    because = "a job failed",
    object = said {Complete = no, Failed = {"True", "run 1 failed: no such model"}, Ready = not_ready, Reconciling = no,
                   Stalled = {"True", "no such model"}},
    status = "Degraded", message = "no such model",
  },
  {
    because = "it is on its way out",
    object = said({Ready = ready}, {metadata = {deletionTimestamp = "2026-01-01T00:00:00Z"}}),
    status = "Progressing", message = "it is being deleted",
  },
  {
    because = "nothing can be searched, and nobody says why",
    object = said {Ready = not_ready, Reconciling = no, Stalled = no},
    status = "Progressing", message = not_ready[2],
  },
}

local wrong = 0
local function complain(...)
  wrong = wrong + 1
  io.stderr:write(string.format(...), "\n")
end
for _, case in ipairs(cases) do
  local found = health(case.object)
  if found.status ~= case.status or found.message ~= case.message then
    complain("%s: expected %s, %q; got %s, %q", case.because, case.status, case.message, tostring(found.status),
      tostring(found.message))
  end
  local standard = kstatus(case.object)
  if (as_argo[standard] == found.status) == (case.differs ~= nil) then
    complain("%s: Argo CD says %s, and kstatus %s", case.because, tostring(found.status), standard)
  end
end
if wrong > 0 then os.exit(1) end
print(#cases .. " resources have the health they should")
