// Which guarantee is met by what, on every kernel and for every caller.
#include "policy/guarantees.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "guarantee_cases.hpp"

namespace tether {

TEST_CASE("autokill is met by the best means that cannot be undone") {
  // k: kernel; p: parent-death signal; w: a keeper that watches. The columns that a caller without
  // CAP_SYS_ADMIN would need without nnp are refused beforehand.
  struct Row {
    KernelSupport support;
    std::string_view means;
  };
  struct Column {
    bool nnp;
    CallerFacts caller;
  };
  constexpr Column columns[] = {{false, root},     {true, root},     {false, root_caps},
                                {true, root_caps}, {true, bounded},  {true, bounded_caps},
                                {true, user},      {true, user_caps}};
  const Row rows[] = {
      {native, "kkkkkkkk"},
      {kernel(true, true, false), "wwwwwwpw"},
      // Without CLONE_NNP the kernel takes autokill from a holder of CAP_SYS_ADMIN only.
      {kernel(true, false, true), "kkkkwwpw"},
      // The kernel wants autoreap beside autokill.
      {kernel(false, true, true), "wwwwwwpw"},
      {kernel(true, false, false), "wwwwwwpw"},
      {kernel(false, true, false), "wwwwwwpw"},
      {kernel(false, false, true), "wwwwwwpw"},
      {old_kernel, "wwwwwwpw"},
      {legacy_clone, "wwwwwwpw"},
      {only_fork, "wwwwwwpw"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.support.autoreap);
    CAPTURE(row.support.nnp);
    CAPTURE(row.support.autokill);
    for (std::size_t i = 0; i < std::size(columns); ++i) {
      CAPTURE(i);
      const Options options = ask(false, true, columns[i].nnp);
      REQUIRE(check_privilege(options, columns[i].caller).ok());
      const Guarantees chosen = choose_means(options, row.support, columns[i].caller);
      const char letter = row.means[i];
      CHECK(text_of(chosen.autokill) == (letter == 'k'   ? "kernel"
                                         : letter == 'p' ? "pdeathsig"
                                                         : "keeper"));
    }
  }
}

TEST_CASE("the parent-death signal alone is never trusted without nnp") {
  for (const CallerFacts& caller : callers)
    CHECK(text_of(choose_means(ask(false, true, false), old_kernel, caller).autokill) == "keeper");
}

TEST_CASE("autoreap and nnp depend on nothing but their own flag") {
  for (const KernelSupport& support : kernels)
    for (const CallerFacts& caller : callers)
      for (const bool nnp : {false, true})
        for (const bool autokill : {false, true}) {
          const Guarantees chosen = choose_means(ask(true, autokill, nnp), support, caller);
          CHECK(text_of(chosen.autoreap) == (support.autoreap ? "kernel" : "wait"));
          CHECK(text_of(chosen.nnp) == (!nnp ? "-" : support.nnp ? "kernel" : "prctl"));
        }
}

TEST_CASE("what was not asked for is not given except the autoreap of autokill") {
  for (const KernelSupport& support : kernels)
    for (const CallerFacts& caller : callers) {
      const Guarantees nothing = choose_means(ask(false, false, false), support, caller);
      CHECK(text_of(nothing.autoreap) == "-");
      CHECK(text_of(nothing.autokill) == "-");
      CHECK(text_of(nothing.nnp) == "-");
      CHECK(text_of(nothing.supervisor) == "-");
      const Guarantees reaped = choose_means(ask(true, false, true), support, caller);
      CHECK(text_of(reaped.autokill) == "-");
      CHECK(text_of(reaped.supervisor) == "-");
      const Guarantees killed = choose_means(ask(false, true, false), support, caller);
      CHECK(text_of(killed.autoreap) == (support.autoreap ? "kernel" : "wait"));
      CHECK(text_of(killed.nnp) == "-");
      const Guarantees only_nnp = choose_means(ask(false, false, true), support, caller);
      CHECK(text_of(only_nnp.autoreap) == "-");
    }
}

TEST_CASE("under autokill the child is bound to its supervisor by the same means") {
  for (const KernelSupport& support : kernels)
    for (const CallerFacts& caller : callers)
      for (const bool nnp : {false, true}) {
        const Guarantees chosen = choose_means(ask(false, true, nnp), support, caller);
        CHECK(text_of(chosen.supervisor) != "-");
        CHECK(text_of(chosen.supervisor) == text_of(chosen.autokill));
      }
}

TEST_CASE("the kernel is never asked for a combination that it refuses") {
  std::size_t with_flags = 0;
  for (const KernelSupport& support : kernels)
    for (const CallerFacts& caller : callers)
      for (unsigned asked = 0; asked < 8; ++asked) {
        const Options options = ask((asked & 1) != 0, (asked & 2) != 0, (asked & 4) != 0);
        if (!check_privilege(options, caller).ok()) continue;
        const std::uint64_t flags = guarantee_flags(choose_means(options, support, caller));
        CAPTURE(flags);
        if (flags != 0) ++with_flags;
        const std::uint64_t known = (support.autoreap ? clone_autoreap : 0) |
                                    (support.nnp ? clone_nnp : 0) |
                                    (support.autokill ? clone_pidfd_autokill : 0);
        CHECK((flags & ~known) == 0);
        if ((flags & clone_pidfd_autokill) == 0) continue;
        CHECK((flags & clone_autoreap) != 0);
        CHECK(((flags & clone_nnp) != 0 || caller.sys_admin));
      }
  CHECK(with_flags > 0);
}

TEST_CASE("each means of the kernel stands for one flag") {
  const auto flags = [](Means autoreap, Means autokill, Means nnp) {
    return guarantee_flags({autoreap, autokill, nnp, Means::kernel});
  };
  constexpr Means k = Means::kernel;
  CHECK(flags(k, Means::none, Means::none) == 1ULL << 34);
  CHECK(flags(Means::none, Means::none, k) == 1ULL << 35);
  CHECK(flags(Means::none, k, Means::none) == 1ULL << 36);
  CHECK(flags(k, k, k) == 7ULL << 34);
  CHECK(flags(k, Means::pdeathsig, Means::prctl) == 1ULL << 34);
  CHECK(flags(Means::wait, Means::keeper, Means::prctl) == 0);
  CHECK(flags(Means::init, Means::none, Means::none) == 0);
  CHECK(flags(Means::none, Means::none, Means::none) == 0);
}

TEST_CASE("a keeper is left where somebody has to stay") {
  struct Row {
    void (*ask_for)(Options&);
    bool keeper;
  };
  const Row rows[] = {
      {[](Options&) {}, false},
      {[](Options& options) { options.status_fd = 2; }, true},
      {[](Options& options) { options.status_file = "f"; }, true},
      {[](Options& options) { options.autokill = true; }, true},
      {[](Options& options) { options.cgroup = "c"; }, true},
      {[](Options& options) { options.autoreap = options.nnp = true; }, false},
      {[](Options& options) { options.json = options.print_pid = true; }, false},
      {[](Options& options) { options.notify = Notify{}; }, false},
      {[](Options& options) { options.pidfile = "f"; }, false},
      {[](Options& options) { options.block_fd = 0; }, false},
      {[](Options& options) { options.nohup = true; }, false},
  };
  for (std::size_t i = 0; i < std::size(rows); ++i) {
    CAPTURE(i);
    Options options;
    rows[i].ask_for(options);
    CHECK_FALSE(options.leaves_keeper());
    CHECK(options.learns_ending());
    options.mode = Mode::detach;
    CHECK(options.leaves_keeper() == rows[i].keeper);
    CHECK(options.learns_ending() == (rows[i].keeper || options.notify.has_value()));
    const Guarantees chosen = choose_means(options, old_kernel, root);
    CHECK(text_of(chosen.autoreap) == (rows[i].keeper ? "wait" : "init"));
  }
}

TEST_CASE("a detached child is reaped by the kernel or else by its keeper or who inherits it") {
  for (const KernelSupport& support : kernels)
    for (const CallerFacts& caller : callers)
      for (const bool keeper : {false, true})
        for (const bool autoreap : {false, true}) {
          const Options options = detached(ask(autoreap, false, false), keeper);
          const Guarantees chosen = choose_means(options, support, caller);
          CHECK(text_of(chosen.autoreap) == (support.autoreap ? "kernel"
                                             : keeper         ? "wait"
                                                              : "init"));
          CHECK(text_of(chosen.autokill) == "-");
          CHECK(text_of(chosen.supervisor) == "-");
          CHECK(guarantee_flags(chosen) == (support.autoreap ? clone_autoreap : 0));
        }
}

TEST_CASE("a keeper keeps by the same means as a tether that waits") {
  for (const KernelSupport& support : kernels)
    for (const CallerFacts& caller : callers)
      for (const bool nnp : {false, true}) {
        const Options waiting = ask(false, true, nnp);
        const Guarantees by_tether = choose_means(waiting, support, caller);
        for (const bool status : {false, true}) {
          const Guarantees by_keeper = choose_means(detached(waiting, status), support, caller);
          CHECK(text_of(by_keeper.autoreap) == text_of(by_tether.autoreap));
          CHECK(text_of(by_keeper.autokill) == text_of(by_tether.autokill));
          CHECK(text_of(by_keeper.nnp) == text_of(by_tether.nnp));
          CHECK(text_of(by_keeper.supervisor) == text_of(by_tether.supervisor));
        }
      }
}

TEST_CASE("a tied child is bound to tether where autokill was not asked for") {
  const auto tied = [](void (*tie)(Options&)) {
    Options options;
    tie(options);
    return options;
  };
  const Options wishes[] = {
      tied([](Options& options) { options.timeout = std::chrono::seconds(1); }),
      tied([](Options& options) { options.die_with_parent = true; }), tied([](Options& options) {
        options.die_with.push_back({1, std::nullopt});
      }),
      tied([](Options& options) { options.die_on_eof = 0; })};
  for (const Options& wish : wishes)
    for (const KernelSupport& support : kernels) {
      CHECK(wish.has_tie());
      // Without no_new_privs a set-user-ID COMMAND could clear the parent-death signal.
      for (const CallerFacts& caller : callers)
        CHECK(text_of(choose_means(wish, support, caller).supervisor) == "keeper");
      Options unprivileged = wish;
      unprivileged.nnp = true;
      CHECK(text_of(choose_means(unprivileged, support, user).supervisor) == "pdeathsig");
      CHECK(choose_means(unprivileged, support, user).autokill == Means::none);
      KernelSupport filtered = support;
      filtered.pidfd_open = false;
      CHECK_FALSE(check_possible(wish, choose_means(wish, filtered, root)).ok());
      CHECK(check_possible(unprivileged, choose_means(unprivileged, filtered, user)).ok());
      // --strict does not speak of ties.
      Options strict = wish;
      strict.strict = true;
      CHECK(check_strict(strict, choose_means(strict, support, root), support, "6.1").ok());
    }
  CHECK_FALSE(Options{}.has_tie());
  Options left = wishes[0];
  CHECK_FALSE(left.leaves_keeper());
  left.mode = Mode::detach;
  CHECK(left.leaves_keeper());
}

TEST_CASE("the means have the names of the records") {
  CHECK(name_of(Means::none) == nullptr);
  CHECK(std::string(name_of(Means::kernel)) == "kernel");
  CHECK(std::string(name_of(Means::wait)) == "wait");
  CHECK(std::string(name_of(Means::init)) == "init");
  CHECK(std::string(name_of(Means::pdeathsig)) == "pdeathsig");
  CHECK(std::string(name_of(Means::keeper)) == "keeper");
  CHECK(std::string(name_of(Means::prctl)) == "prctl");
}

TEST_CASE("each means is explained in words of its own") {
  const auto has = [](const char* text, const char* part) {
    return std::string(text).find(part) != std::string::npos;
  };
  CHECK(has(explain(&Guarantees::autoreap, Means::kernel), "CLONE_AUTOREAP"));
  CHECK(has(explain(&Guarantees::autoreap, Means::wait), "tether or its keeper"));
  CHECK(has(explain(&Guarantees::autoreap, Means::init), "orphaned"));
  CHECK(has(explain(&Guarantees::autokill, Means::kernel), "CLONE_PIDFD_AUTOKILL"));
  CHECK(has(explain(&Guarantees::autokill, Means::pdeathsig), "parent-death signal"));
  CHECK_FALSE(has(explain(&Guarantees::autokill, Means::pdeathsig), "helper"));
  CHECK(has(explain(&Guarantees::autokill, Means::keeper), "helper"));
  CHECK(has(explain(&Guarantees::nnp, Means::kernel), "CLONE_NNP"));
  CHECK(has(explain(&Guarantees::nnp, Means::prctl), "prctl"));
  for (const GuaranteeRow& row : guarantee_table)
    CHECK(std::string(explain(row.guarantee, Means::none)) == "not asked for");
}

}  // namespace tether
