import type { Because, SentenceParams } from "./event.ts";
import type { Bilingual } from "./plugin.ts";

/**
 * Every sentence with which the control plane explains itself, by id; blanks are `{name}`.
 * Ids of the form `ARB-nn` are rules of the arbitration; the others name what happened.
 */
export const SENTENCES = {
  "ARB-01": {
    en: "Monitors of this kind never switch; their change is reported",
    "zh-CN": "此类监控器不切换,仅上报状态变化",
  },
  "ARB-02": { en: "The monitor is not being monitored", "zh-CN": "监控器未启用监控" },
  "ARB-03": { en: "A switch of this monitor is already running", "zh-CN": "该监控器已有切换正在进行" },
  "ARB-04": {
    en: "Split brain suspected: a store holds a route that does not descend from ours; a person must choose",
    "zh-CN": "疑似脑裂:某个存储中的路由并非源自当前路由,须由人工选择",
  },
  "ARB-07": { en: "{dc} answers", "zh-CN": "{dc} 应答正常" },
  "ARB-09": {
    en: "{dc} was never seen up with its present settings from its own site; check address, port and account",
    "zh-CN": "{dc} 以当前配置从未在本站点探测成功,请检查地址、端口与账号",
  },
  "ARB-10": {
    en: "Nobody can tell how {dc} is: no observer has a clear sight of it",
    "zh-CN": "无法判断 {dc} 的状态:没有观察者能看清它",
  },
  "ARB-11": {
    en: "{dc} fails, for less than the monitor timeout so far",
    "zh-CN": "{dc} 探测失败,尚未达到监控超时时间",
  },
  "ARB-12": {
    en: "{dc} is down as seen from {sites}, but its own site does not confirm it; one-click switch only",
    "zh-CN": "{sites} 认为 {dc} 故障,但其所在站点未确认,只能一键切换",
  },
  "ARB-13": {
    en: "{dc} is down as seen from {sites} alone; two failure domains are needed, so one-click switch only",
    "zh-CN": "仅 {sites} 认为 {dc} 故障,需要两个故障域确认,只能一键切换",
  },
  "ARB-14": {
    en: "{dc} is down and is not the home: only a person switches from here",
    "zh-CN": "{dc} 故障且不是主数据中心,只能人工切换",
  },
  "ARB-15": {
    en: "{dc} is down; the instance is on hold, so one-click switch only",
    "zh-CN": "{dc} 故障,实例处于挂起模式,只能一键切换",
  },
  "ARB-16": {
    en: "{dc} is down; the automatic switch is off, so one-click switch only",
    "zh-CN": "{dc} 故障,自动切换已关闭,只能一键切换",
  },
  "ARB-18": {
    en: "{dc} is down; the automatic switch is not armed after the last switch, so one-click switch only",
    "zh-CN": "{dc} 故障,上次切换后自动切换尚未就绪,只能一键切换",
  },
  "ARB-05": {
    en: "An agent hears {dc} answer; the switch is off",
    "zh-CN": "有探针仍能收到 {dc} 的应答,取消切换",
  },
  "ARB-22": {
    en: "Too few agents confirmed in time that {dc} is down; asking again",
    "zh-CN": "及时确认 {dc} 故障的探针不足,将再次确认",
  },
  "ARB-19": {
    en: "{dc} is down and no route store can be reached; nothing can be switched",
    "zh-CN": "{dc} 故障,且无法访问路由存储,无法切换",
  },
  "ARB-20": {
    en: "{dc} is down and no other data centre is fit to take over",
    "zh-CN": "{dc} 故障,没有可接管的数据中心",
  },
  "ARB-21": {
    en: "{dc} is down; the budget of automatic switches is used up, so one-click switch only",
    "zh-CN": "{dc} 故障,自动切换次数已用尽,只能一键切换",
  },
  "ARB-23": {
    en: "{dc} is down; all agents are asked for its present state",
    "zh-CN": "{dc} 故障,正在向所有探针确认当前状态",
  },
  "ARB-06": { en: "Waiting for the agents' answers on {dc}", "zh-CN": "正在等待探针对 {dc} 的答复" },
  "ARB-24": {
    en: "Would switch from {dc} to {to} now; the instance only observes",
    "zh-CN": "此刻本应从 {dc} 切换到 {to};实例处于观察模式",
  },
  "ARB-26": {
    en: "{dc} failed {probes} probes from {sites} for {forMs} ms; {to} answers {agents} agents, fresh login {loginS} s ago; switching to {to}, epoch {epoch}",
    "zh-CN":
      "{sites} 对 {dc} 的 {probes} 次探测持续失败 {forMs} 毫秒;{to} 应答 {agents} 个探针,{loginS} 秒前登录成功;切换到 {to},纪元 {epoch}",
  },
  "ARB-27": {
    en: "{dc} closed its connections and refused {refusals} times in a row as seen from {sites}; {to} answers {agents} agents, fresh login {loginS} s ago; switching to {to}, epoch {epoch}",
    "zh-CN":
      "{sites} 探测到 {dc} 关闭连接并连续拒绝 {refusals} 次;{to} 应答 {agents} 个探针,{loginS} 秒前登录成功;切换到 {to},纪元 {epoch}",
  },
  "ARB-08": {
    en: "{sites} calls {dc} down while others hear it answer; all agents are asked who is right",
    "zh-CN": "{sites} 认为 {dc} 故障而其他站点仍收到应答,正在向所有探针核实",
  },
  "ARB-17": {
    en: "{dc} is down within a maintenance window ({reason}), so one-click switch only",
    "zh-CN": "{dc} 在维护窗口内故障({reason}),只能一键切换",
  },
  "ARB-25": {
    en: "Site {site} is lost as a whole, unheard for {unheardS} s, {dc} with it; {to} answers {agents} agents, fresh login {loginS} s ago; switching to {to}, epoch {epoch}",
    "zh-CN":
      "站点 {site} 整体失联 {unheardS} 秒,{dc} 随之丢失;{to} 应答 {agents} 个探针,{loginS} 秒前登录成功;切换到 {to},纪元 {epoch}",
  },
  "SITE-01": {
    en: "No agent was enrolled in {site}",
    "zh-CN": "{site} 尚未注册探针",
  },
  "SITE-02": {
    en: "All agents of {site} are here",
    "zh-CN": "{site} 的探针全部在线",
  },
  "SITE-03": {
    en: "Some agents of {site} are away",
    "zh-CN": "{site} 的部分探针不在线",
  },
  "SITE-04": {
    en: "No agent of {site} has come back since the control plane started",
    "zh-CN": "控制面启动后 {site} 的探针尚未重新连接",
  },
  "SITE-05": {
    en: "No agent of {site} is heard, for {unheardS} s so far",
    "zh-CN": "{site} 的探针失联,已 {unheardS} 秒",
  },
  "SITE-06": {
    en: "No agent of {site} is heard and no other site is connected: the control plane itself may be cut off; nothing moves",
    "zh-CN": "{site} 的探针失联,且无其他站点在线:可能是控制面自身被隔离,不做任何切换",
  },
  "SITE-07": {
    en: "{site} is cut off from the control plane, but {others} still hears its targets answer; nothing moves",
    "zh-CN": "{site} 与控制面断开,但 {others} 仍能收到其目标的应答,不做任何切换",
  },
  "SITE-08": {
    en: "{site} is cut off from the control plane, but its agents still answer those of {others}; nothing moves",
    "zh-CN": "{site} 与控制面断开,但其探针仍应答 {others} 的探针,不做任何切换",
  },
  "SITE-09": {
    en: "{site} is unheard for {unheardS} s and its targets are failing; waiting for the verdict of {others}",
    "zh-CN": "{site} 失联 {unheardS} 秒,其目标正在失败,等待 {others} 的判定",
  },
  "SITE-10": {
    en: "{site} is unheard for {unheardS} s, and {others} has no clear sight of its targets; one-click switch only",
    "zh-CN": "{site} 失联 {unheardS} 秒,{others} 无法看清其目标,只能一键切换",
  },
  "SITE-11": {
    en: "{site} is unheard for {unheardS} s and its targets are down, but no link between agents bears witness; one-click switch only",
    "zh-CN": "{site} 失联 {unheardS} 秒且其目标故障,但没有探针间链路可作证,只能一键切换",
  },
  "SITE-12": {
    en: "{site} is lost: unheard for {unheardS} s, its targets down and its agents out of reach of {others}; the data-centre-level switch is off, so one click moves what stands there",
    "zh-CN":
      "{site} 已丢失:失联 {unheardS} 秒,其目标故障,{others} 也无法连接其探针;数据中心级切换已关闭,可一键切换其上的监控器",
  },
  "SITE-13": {
    en: "{site} is lost: unheard for {unheardS} s, its targets down and its agents out of reach of {others}; every armed monitor that stands there moves",
    "zh-CN":
      "{site} 已丢失:失联 {unheardS} 秒,其目标故障,{others} 也无法连接其探针;其上已就绪的监控器将全部切换",
  },
  "batch-blocked": {
    en: "{blocked} of {all} monitors of this batch cannot move, so none of them moves",
    "zh-CN": "批量中 {all} 个监控器有 {blocked} 个无法切换,因此全部不切换",
  },
  "candidate-replaced": {
    en: "{dc} failed before any store had taken the switch to it; switching to {to} instead, epoch {epoch}",
    "zh-CN": "在任何存储接受切换前 {dc} 已故障,改为切换到 {to},纪元 {epoch}",
  },
  "step-unknown": {
    en: "The running switch to {to} stands at the step {step}, which this version does not know; nothing is done until a version that knows it runs",
    "zh-CN": "到 {to} 的切换停在本版本未知的步骤 {step},在能识别该步骤的版本运行之前不做任何操作",
  },
  "state-one-observer": {
    en: "Only one site hears {dc} answer, two must: {words}",
    "zh-CN": "只有一个站点能收到 {dc} 的应答,要求至少两个:{words}",
  },
  "operator-switch": {
    en: "{who} switched from {dc} to {to}, epoch {epoch}",
    "zh-CN": "{who} 将 {dc} 切换到 {to},纪元 {epoch}",
  },
  "operator-announce": {
    en: "{who} is about to switch from {dc} to {to}, epoch {epoch}: new writes wait for {waitMs} ms at most",
    "zh-CN": "{who} 即将从 {dc} 切换到 {to},纪元 {epoch}:新的写入最多等待 {waitMs} 毫秒",
  },
  "operator-force": {
    en: "{who} forced the switch from {dc} to {to}, epoch {epoch}: {reason}",
    "zh-CN": "{who} 强制将 {dc} 切换到 {to},纪元 {epoch}:{reason}",
  },
  "operator-precheck": {
    en: "{who} asked for a switch from {dc} to {to}; prechecking",
    "zh-CN": "{who} 请求从 {dc} 切换到 {to},正在预检",
  },
  "operator-access": {
    en: "{who} set {dc} to readable {readable}, writable {writable}, epoch {epoch}",
    "zh-CN": "{who} 将 {dc} 设为可读 {readable}、可写 {writable},纪元 {epoch}",
  },
  "operator-arm": {
    en: "{who} armed the automatic switch: {reason}",
    "zh-CN": "{who} 重新启用自动切换:{reason}",
  },
  "armed-again": { en: "The automatic switch is armed again", "zh-CN": "自动切换已重新就绪" },
  "already-there": { en: "{to} is already active", "zh-CN": "{to} 已是活跃数据中心" },
  "access-unchanged": { en: "{dc} is set so already", "zh-CN": "{dc} 已是该读写状态" },
  joined: { en: "The same switch to {to} is already running", "zh-CN": "到 {to} 的同一切换正在进行" },
  "epoch-stale": {
    en: "You decided on epoch {expected}, the route has epoch {epoch}; look again, then repeat",
    "zh-CN": "您依据的纪元为 {expected},当前路由纪元为 {epoch};请刷新后重试",
  },
  "switch-running": {
    en: "A switch to {to} is running; wait for its end",
    "zh-CN": "正在切换到 {to},请等待完成",
  },
  "monitor-unknown": {
    en: "There is no monitor {monitor} in this instance",
    "zh-CN": "实例中没有监控器 {monitor}",
  },
  "data-centre-unknown": { en: "The monitor has no data centre {dc}", "zh-CN": "监控器没有数据中心 {dc}" },
  "not-switchable": { en: "Monitors of kind {kind} cannot be switched", "zh-CN": "{kind} 类监控器不能切换" },
  "candidate-not-up": {
    en: "{to} is not healthy as seen from its own site: {words}",
    "zh-CN": "从其所在站点看,{to} 不健康:{words}",
  },
  "candidate-unheard": {
    en: "No agent of {to}'s site answered, so nobody vouches for {to}",
    "zh-CN": "{to} 所在站点没有探针答复,无法确认 {to}",
  },
  "candidate-login-old": {
    en: "The last fresh login to {to} is older than {limitS} s; its credentials may have changed",
    "zh-CN": "对 {to} 的最近一次全新登录已超过 {limitS} 秒,凭据可能已变更",
  },
  "home-not-proven": {
    en: "{to} has been healthy for {forS} s; a switch back waits for {needS} s of unbroken health",
    "zh-CN": "{to} 已健康 {forS} 秒;回切需要连续健康 {needS} 秒",
  },
  "not-monitored-candidate": {
    en: "The monitor is paused, so nobody vouches for {to}",
    "zh-CN": "监控已暂停,无法确认 {to}",
  },
  "active-removed": {
    en: "{dc} is active; switch away before it is removed",
    "zh-CN": "{dc} 是活跃数据中心,移除前请先切换",
  },
  "store-none": {
    en: "No agent reaches a route store, so nothing can be switched",
    "zh-CN": "没有探针能访问路由存储,无法切换",
  },
  "agents-none": {
    en: "No agent is connected, so nothing can be switched",
    "zh-CN": "没有已连接的探针,无法切换",
  },
  "switch-finished": {
    en: "The switch to {to} is done in every reachable store, epoch {epoch}",
    "zh-CN": "到 {to} 的切换已在所有可达存储中完成,纪元 {epoch}",
  },
  "access-finished": {
    en: "The read/write state is in every reachable store, epoch {epoch}",
    "zh-CN": "读写状态已写入所有可达存储,纪元 {epoch}",
  },
  "switch-followed": {
    en: "All {count} registered processes follow epoch {epoch}; the last one was {last}",
    "zh-CN": "已登记的 {count} 个进程均已跟随纪元 {epoch},最后一个是 {last}",
  },
  "switch-unfollowed": {
    en: "{behind} of {total} registered processes do not follow epoch {epoch} after {seconds} s: {names}",
    "zh-CN": "已登记的 {total} 个进程中有 {behind} 个在 {seconds} 秒后仍未跟随纪元 {epoch}:{names}",
  },
  "route-created": {
    en: "The monitor was created; {dc} is active",
    "zh-CN": "监控器已创建,{dc} 为活跃数据中心",
  },
  "route-adopted": {
    en: "The store holds a newer route that descends from ours (epoch {epoch}); it was taken over",
    "zh-CN": "存储中有源自当前路由的更新路由(纪元 {epoch}),已采用",
  },
  "route-newer": {
    en: "Store {store} holds epoch {stored}, ours is {epoch}, and nobody knows the decisions between",
    "zh-CN": "存储 {store} 的纪元为 {stored},当前为 {epoch},中间的决定未知",
  },
  "state-normal": { en: "{dc} is normal: {words}", "zh-CN": "{dc} 正常:{words}" },
  "state-abnormal": { en: "{dc} is abnormal: {words}", "zh-CN": "{dc} 异常:{words}" },
  "state-init-failed": {
    en: "{dc} failed from the first probe on: {words}",
    "zh-CN": "{dc} 初始化失败:{words}",
  },
  "state-misconfigured": { en: "{dc} refuses our settings: {words}", "zh-CN": "{dc} 配置错误:{words}" },
  "state-unreachable": {
    en: "The agents of {dc}'s site cannot reach a route store",
    "zh-CN": "{dc} 所在站点的探针无法访问路由存储",
  },
  "state-init": { en: "{dc} is being probed for the first time", "zh-CN": "{dc} 正在首次探测" },
  "state-paused": { en: "{dc} is not monitored", "zh-CN": "{dc} 未监控" },
  "edge-failed": {
    en: "The control plane itself does not reach {dc} as expected: {words}",
    "zh-CN": "控制面自身访问 {dc} 未得到预期结果:{words}",
  },
  "edge-recovered": {
    en: "The control plane itself reaches {dc} again: {words}",
    "zh-CN": "控制面自身访问 {dc} 已恢复:{words}",
  },
  "agent-lost": { en: "Agent {agent} of site {site} is gone", "zh-CN": "站点 {site} 的探针 {agent} 已断开" },
  "agent-returned": {
    en: "Agent {agent} of site {site} is here",
    "zh-CN": "站点 {site} 的探针 {agent} 已连接",
  },
  "store-unreachable": {
    en: "Agent {agent} cannot reach route store {store}: {words}",
    "zh-CN": "探针 {agent} 无法访问路由存储 {store}:{words}",
  },
  "store-reachable": {
    en: "Agent {agent} reaches route store {store} again",
    "zh-CN": "探针 {agent} 已恢复访问路由存储 {store}",
  },
  "plan-held": {
    en: "Version {version} of the configuration waits: {why}",
    "zh-CN": "配置版本 {version} 暂缓生效:{why}",
  },
  "mode-changed": { en: "The instance's mode is now {mode}", "zh-CN": "实例模式现为 {mode}" },
  "PROT-10": { en: "No observer has a clear sight of {dc}", "zh-CN": "没有观察者能看清 {dc}" },
  "PROT-12": { en: "The site of {dc} could not bear witness", "zh-CN": "{dc} 所在站点无法作证" },
  "PROT-13": {
    en: "Only {sites} could bear witness; two failure domains are needed",
    "zh-CN": "只有 {sites} 能作证,需要两个故障域",
  },
  "PROT-14": {
    en: "{dc} is not the home; from here only a person switches",
    "zh-CN": "{dc} 不是主数据中心,只能人工切换",
  },
  "PROT-15": { en: "The instance is on hold", "zh-CN": "实例处于挂起模式" },
  "PROT-16": {
    en: "The automatic switch is off",
    "zh-CN": "自动切换已关闭",
  },
  "PROT-18": {
    en: "The automatic switch is not armed after the last switch",
    "zh-CN": "上次切换后自动切换尚未就绪",
  },
  "PROT-19": { en: "No route store can be reached", "zh-CN": "无法访问路由存储" },
  "PROT-20": { en: "No other data centre is fit to take over", "zh-CN": "没有可接管的数据中心" },
  "PROT-21": { en: "The budget of automatic switches is used up", "zh-CN": "自动切换次数已用尽" },
  "PROT-24": { en: "The instance only observes", "zh-CN": "实例处于观察模式" },
  "PROT-17": {
    en: "A maintenance window is open: {reason}",
    "zh-CN": "维护窗口进行中:{reason}",
  },
  "PROT-automatic": { en: "It switches by itself to {to}", "zh-CN": "自动切换到 {to}" },
} as const satisfies Record<string, Bilingual>;

/** Id of a sentence of the table. */
export type SentenceId = keyof typeof SENTENCES;

/**
 * Fills the blanks of a sentence.
 *
 * @param id the sentence
 * @param params what fills the blanks; a blank without a value shows as `?`
 * @param language language of the console
 * @returns the sentence; an unknown id (from a newer control plane) is answered with the id itself
 */
export function renderSentence(id: string, params: SentenceParams, language: keyof Bilingual = "en"): string {
  const sentence = (SENTENCES as Record<string, Bilingual | undefined>)[id];
  if (sentence === undefined) return id;
  let rendered = "";
  // Every other piece is the name of a blank.
  cutSentence(sentence[language]).forEach((piece, place) => {
    rendered += place % 2 === 0 ? piece : String(params[piece] ?? "?");
  });
  return rendered;
}

/** Sentences cut at their blanks: ten thousand of one kind may be needed at once. */
const PIECES = new Map<string, readonly string[]>();

function cutSentence(sentence: string): readonly string[] {
  let pieces = PIECES.get(sentence);
  if (pieces === undefined) {
    pieces = sentence.split(/\{(\w+)\}/);
    PIECES.set(sentence, pieces);
  }
  return pieces;
}

/** Longest sentence in an event. */
const SENTENCE_MAX = 1000;

/**
 * Makes the explanation that events, routes and refusals carry.
 *
 * @param id the sentence
 * @param params what fills its blanks
 * @returns id, params and the English text
 */
export function because(id: SentenceId, params: SentenceParams = {}): Because {
  return { id, params, text: renderSentence(id, params).slice(0, SENTENCE_MAX) };
}
