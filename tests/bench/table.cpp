#include "table.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bench {
namespace {

using Row = std::vector<std::string>;

std::string ratio_to(const Figures& figures, const std::string& program) {
  const auto found = figures.added_ratio.find(program);
  return found != figures.added_ratio.end() ? fmt::format("{:.2f}", found->second) : "-";
}

std::string dirty_ratio(const Figures& figures, const Figures* tini) {
  if (!figures.dirty_kb || tini == nullptr || tini->dirty_kb.value_or(0) <= 0) return "-";
  return fmt::format("{:.2f}",
                     static_cast<double>(*figures.dirty_kb) / static_cast<double>(*tini->dirty_kb));
}

Row row_of(const Figures& figures, const Figures* tini) {
  return {figures.who.name,
          grouped(figures.instructions),
          fmt::format("{}", figures.system_calls),
          fmt::format("{}", figures.faults),
          fmt::format("{:.0f}", figures.added_us),
          ratio_to(figures, "setsid"),
          ratio_to(figures, "tini"),
          figures.dirty_kb ? fmt::format("{}", *figures.dirty_kb) : "-",
          dirty_ratio(figures, tini),
          grouped(figures.bytes),
          figures.is_static ? "static" : "shared"};
}

constexpr const char* legend = R"(
instr.  user instructions of the whole process tree up to the target's exec
calls   system calls of the tool's processes from their start to their end, not the target's
faults  minor page faults over those of the bare target
us      wall time over that of the bare target, here and today; then its ratio to setsid's and to
        tini's of the same rounds, which is what carries over to other machines
kB      private dirty memory while a static target sleeps; then its ratio to tini's
)";

}  // namespace

std::string grouped(std::uintmax_t number) {
  std::string digits = fmt::format("{}", number);
  for (std::size_t end = digits.size(); end > 3; end -= 3) digits.insert(end - 3, 1, ' ');
  return digits;
}

std::string layout(const std::vector<Row>& rows, Format format) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const Row& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());

  const bool markdown = format == Format::markdown;
  std::string text;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    std::string line = markdown ? "|" : "";
    for (std::size_t i = 0; i < rows[r].size(); ++i) {
      const std::string cell = i == 0 ? fmt::format("{:<{}}", rows[r][i], widths[i])
                                      : fmt::format("{:>{}}", rows[r][i], widths[i]);
      line += markdown ? fmt::format(" {} |", cell) : (i == 0 ? "" : "  ") + cell;
    }
    text += line + "\n";
    if (!markdown || r != 0) continue;
    text += "|";
    for (std::size_t i = 0; i < widths.size(); ++i)
      text += fmt::format("{:-<{}}{}|", "", widths[i] + 1, i == 0 ? '-' : ':');
    text += "\n";
  }
  return text;
}

std::string table_of(const Comparison& comparison, Format format) {
  const Figures* tini = find(comparison, "tini", true);
  const bool narrow = format == Format::text;  // 100 columns
  std::vector<Row> rows = {{"command", "instr.", "calls", "faults", narrow ? "us" : "added us",
                            "/setsid", "/tini", narrow ? "kB" : "dirty kB", "/tini", "bytes",
                            "linked"}};
  for (const Figures& figures : comparison.rows) rows.push_back(row_of(figures, tini));
  std::string text = layout(rows, format);
  if (format == Format::markdown) return text;
  text += legend;
  text += fmt::format(
      "\nThe bare target takes {:.0f} us; a second copy of it, measured like a tool, "
      "adds {:.1f} us.\n",
      comparison.bare_us, comparison.noise_us);
  for (const std::string& remark : comparison.remarks) text += remark + "\n";
  return text;
}

}  // namespace bench
