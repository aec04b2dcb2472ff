-- How healthy Argo CD shows an AssetLibrary or an EmbeddingJob. It says what kstatus says, but that a resource is Progressing until
-- the operator has seen it, Suspended where it says so, and Degraded also while it is tried again.
--
-- kstatus        here
-- InProgress     Progressing    Reconciling is true, or the newest spec was not looked at yet
-- Failed         Degraded       Stalled is true: a person is needed
-- Current        Healthy        Ready is true; a job that is Complete stays so when it is suspended
-- Terminating    Progressing
local function answer(status, message)
  return {status = status, message = message}
end

local status = obj.status or {}
local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type] = condition
end

local function is(kind)
  return conditions[kind] ~= nil and conditions[kind].status == "True"
end

if obj.metadata.deletionTimestamp ~= nil then
  return answer("Progressing", "it is being deleted")
end
if obj.spec ~= nil and obj.spec.suspend == true and not is("Complete") then
  return answer("Suspended", "spec.suspend is true: no run starts until it is false")
end
if status.observedGeneration == nil then
  return answer("Progressing", "waits for Vitrine's operator to look at it")
end
if status.observedGeneration ~= obj.metadata.generation then
  return answer("Progressing", "waits for Vitrine's operator to look at its newest spec")
end
if is("Stalled") then
  return answer("Degraded", conditions.Stalled.message)
end
if is("Reconciling") then
  -- What the run is doing says more than that there is one.
  local said = is("Syncing") and conditions.Syncing or conditions.Reconciling
  return answer("Progressing", said.message)
end
if is("Ready") then
  return answer("Healthy", conditions.Ready.message)
end
if conditions.Ready ~= nil then
  return answer("Progressing", conditions.Ready.message)
end
return answer("Progressing", "waits for its first run")
