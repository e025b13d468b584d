#include "tree/warden.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <utility>
#include <vector>

#include "spawn/namespace_failure.hpp"
#include "sys/clone.hpp"
#include "sys/deadline.hpp"
#include "sys/passing.hpp"
#include "sys/pidfd.hpp"

namespace tether {
namespace {

constexpr std::chrono::milliseconds patience_with_stop{100};

Failure failure_from(const WardenRequest& how, const WardenNews& news) {
  if (news.stage == Stage::namespaces && how.namespaces)
    return namespace_failure(*how.namespaces, {news.step, news.error_number});
  return Failure{.stage = news.stage, .error_number = news.error_number};
}

// If the warden ends with an order unread, its last news is still in the queue, behind one
// ECONNRESET (unix(7); seen on Linux 6.1 to 7.2). After the news comes an end of file.
bool may_go_on() {
  return errno == EINTR || errno == ECONNRESET;
}

// News, with the pidfd that may come with it.
struct Received {
  WardenNews news;
  UniqueFd pidfd;
};

std::optional<Received> receive(int channel) {
  Received received;
  std::vector<UniqueFd> descriptors;
  ssize_t got = -1;
  do {
    got = receive_with_descriptors(channel, &received.news, sizeof received.news, descriptors);
  } while (got < 0 && may_go_on());
  if (got != sizeof received.news) return std::nullopt;
  if (!descriptors.empty()) received.pidfd = std::move(descriptors.front());
  return received;
}

}  // namespace

Result<HeldTree> HeldTree::hold(WardenRequest how, const SpawnRequest& request,
                                const ChildPlan& plan) {
  HeldTree held(std::move(how));
  held.child_ = child_to_be(request);
  Status ready = held.warden_.start(held.how_, request, plan);
  if (ready.ok()) ready = held.warden_.await_ready(held.how_, held.child_);
  if (!ready.ok()) return ready.failure();
  return held;
}

Result<Child> HeldTree::release(Warden& warden) {
  if (Status running = warden_.await_exec(how_); !running.ok()) return running.failure();
  warden = std::move(warden_);
  return std::move(child_);
}

// The warden exits at the end of file, and its child before it.
HeldTree::~HeldTree() {
  if (!warden_) return;
  warden_.channel_.reset();
  warden_.process_.wait_for_end();
  warden_.end();
}

Status Warden::start(const WardenRequest& how, const SpawnRequest& request, const ChildPlan& plan) {
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return helper_failure(errno);
  channel_.reset(ends[0]);
  UniqueFd wardens_end(ends[1]);
  const UniqueFd tether(open_pidfd(::getpid()));
  if (!tether) return helper_failure(errno);

  const std::uint64_t flags =
      how.namespaces ? request.guarantees | namespace_flags(*how.namespaces) : 0;
  Cloned cloned = fork_with_pidfd(request.way, flags, 0);
  if (cloned.pid < 0)
    return failure_from(how, {.stage = how.namespaces ? Stage::namespaces : Stage::clone,
                              .error_number = cloned.error_number});
  if (cloned.pid == 0) {
    channel_.reset();
    SpawnRequest own = request;
    own.is_held = true;
    if (how.namespaces) own.guarantees = 0;
    run(how, wardens_end.get(), tether.get(), own, plan);
  }
  pid_ = cloned.pid;
  const bool autoreaped = (flags & clone_autoreap) != 0;
  process_ =
      HelperProcess(std::move(cloned.pidfd), autoreaped ? HelperProcess::Wait::bounded_and_reaped
                                                        : HelperProcess::Wait::bounded);
  return Unit{};
}

// Takes the warden's first news.
Status Warden::await_ready(const WardenRequest& how, Child& child) {
  std::optional<Received> received = receive(channel_.get());
  if (!received) return helper_failure(ECONNRESET);
  if (received->news.kind == WardenNews::Kind::failed) return failure_from(how, received->news);
  child.pidfd = std::move(received->pidfd);
  child.autoreaped = child.autoreaped && !how.namespaces;
  if (how.namespaces) child.init_pid = pid_;
  if (!child.pidfd) return helper_failure(EMFILE);
  // In a namespace of its own the warden knows the child by another pid.
  child.pid = how.namespaces ? pid_of(child.pidfd.get()) : received->news.pid;
  return child.pid > 0 ? Status(Unit{}) : helper_failure(ESRCH);
}

// From the order `go` to COMMAND's exec.
Status Warden::await_exec(const WardenRequest& how) {
  if (!order({WardenOrder::Kind::go, 0})) return helper_failure(errno);
  std::optional<Received> received;
  do {
    // COMMAND may have stopped the warden before it could tell.
    while (await(channel_.get(), patience_with_stop) == Awaited::timed_out)
      (void)send_signal(pidfd(), SIGCONT);
    received = receive(channel_.get());
    // The warden was killed, perhaps by COMMAND: tether has to end what runs already.
    if (!received) return Unit{};
    if (received->news.kind == WardenNews::Kind::ended) early_end_ = received->news;
  } while (received->news.kind != WardenNews::Kind::running &&
           received->news.kind != WardenNews::Kind::failed);
  if (received->news.kind == WardenNews::Kind::failed) return failure_from(how, received->news);
  return Unit{};
}

std::optional<WardenNews> Warden::next_news() {
  if (early_end_) return std::exchange(early_end_, std::nullopt);
  WardenNews news;
  ssize_t got = -1;
  do {
    got = ::recv(channel_.get(), &news, sizeof news, MSG_DONTWAIT);
  } while (got < 0 && may_go_on());
  if (got == sizeof news) return news;
  if (got == 0 || errno != EAGAIN) channel_.reset();
  return std::nullopt;
}

bool Warden::order(WardenOrder order) {
  // A stopped warden could not carry the order out.
  if (order.kind != WardenOrder::Kind::in_step) (void)send_signal(pidfd(), SIGCONT);
  return ::send(channel_.get(), &order, sizeof order, MSG_NOSIGNAL) == sizeof order;
}

std::optional<Ending> Warden::await_ending() {
  while (const auto received = receive(channel_.get()))
    if (received->news.kind == WardenNews::Kind::ended) return received->news.ending;
  return std::nullopt;
}

}  // namespace tether
