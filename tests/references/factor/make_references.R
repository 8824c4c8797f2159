# Make the reference files of the factor tests with R's psych, GPArotation and stats.
#
#   Rscript tests/references/factor/make_references.R tests/references/factor
#
# One JSON file per data set: correlation matrix (17 digits), adequacy, eigenvalues, MAP, parallel analysis,
# every extraction unrotated as psych gives it, and every rotation of those loadings by GPArotation (gradient norm
# 1e-7; from the identity as psych does, and the best of 6 further random starts) or by the code of psych's promax.
suppressPackageStartupMessages({library(psych); library(GPArotation); library(psychTools); library(jsonlite)})
options(mc.cores = 1, warn = 1)
folder <- commandArgs(TRUE)[1]
only <- commandArgs(TRUE)[-1]
STARTS <- 6

# ---- data -------------------------------------------------------------------------------------------------------
raw <- function(x, k) list(r = cor(x, use = "pairwise"), n = nrow(x), k = k, data = x)
bfi25 <- psychTools::bfi[, 1:25]
sets <- list(
  ability = list(r = cov2cor(ability.cov$cov), n = ability.cov$n.obs, k = 2),
  harman74 = list(r = Harman74.cor$cov, n = Harman74.cor$n.obs, k = 4),
  harman23 = list(r = Harman23.cor$cov, n = Harman23.cor$n.obs, k = 2),
  thurstone = list(r = psych::Thurstone, n = 213, k = 3),
  bfi = list(r = cor(bfi25, use = "pairwise"), n = 2800, k = 5),
  judges = raw(USJudgeRatings, 2),
  attitude = raw(attitude, 2),
  swiss = raw(swiss, 2),
  mtcars = raw(mtcars, 3)
)

# ---- rotation ---------------------------------------------------------------------------------------------------
criterion_names <- c(varimax = "varimax", quartimax = "quartimax", equamax = "cf", oblimin = "oblimin",
                     quartimin = "quartimin", geominT = "geomin", geominQ = "geomin")
oblique_names <- c("oblimin", "quartimin", "geominQ")

arguments <- function(name, A) switch(name, equamax = list(kappa = ncol(A) / (2 * nrow(A))),
                                      oblimin = list(gam = 0), geominT = , geominQ = list(delta = 0.01), NULL)

gp <- function(A, name, normalize, start) {
  turn <- if (name %in% oblique_names) GPFoblq else GPForth
  for (i in 1:10) {                           # in batches: GPArotation's own table makes long runs quadratic
    out <- suppressWarnings(turn(A, Tmat = start, normalize = normalize, eps = 1e-7, maxit = 200,
                                 method = criterion_names[[name]], methodArgs = arguments(name, A)))
    if (out$convergence) break
    start <- out$Th
  }
  out
}

criterion <- function(solution, A, name, normalize) {
  L <- solution$loadings
  if (normalize) L <- L / sqrt(rowSums(A^2))
  do.call(getFromNamespace(paste0("vgQ.", criterion_names[[name]]), "GPArotation"), c(list(L), arguments(name, A)))$f
}

as_list <- function(solution, A, name, normalize) list(
  loadings = unclass(solution$loadings), phi = solution$Phi, converged = solution$convergence,
  criterion = criterion(solution, A, name, normalize))

rotations_of <- function(A, name, normalize) {
  set.seed(133)
  first <- as_list(gp(A, name, normalize, diag(ncol(A))), A, name, normalize)
  others <- lapply(seq_len(STARTS), function(i) gp(A, name, normalize, Random.Start(ncol(A))))
  others <- Filter(function(s) s$convergence, others)
  values <- vapply(others, criterion, 0, A = A, name = name, normalize = normalize)
  best <- if (length(values) && min(values) < first$criterion - 1e-7) as_list(others[[which.min(values)]], A, name, normalize)
  out <- c(list(normalize = normalize), first)
  if (!is.null(best)) out$best <- best
  out
}

promax_of <- function(A, normalize) {        # psych::kaiser(rotate = "Promax") and the same without weights
  w <- if (normalize) sqrt(rowSums(A^2)) else rep(1, nrow(A))
  V <- unclass(gp(A / w, "varimax", FALSE, diag(ncol(A)))$loadings)
  U <- lm.fit(V, V * abs(V)^3)$coefficients
  U <- U %*% diag(sqrt(diag(solve(t(U) %*% U))))
  list(normalize = normalize, loadings = (V %*% U) * w, phi = solve(U) %*% t(solve(U)))
}

all_rotations <- function(A, both) {
  usual <- c(varimax = TRUE, quartimax = FALSE, equamax = FALSE, oblimin = FALSE, quartimin = FALSE,
             geominT = FALSE, geominQ = FALSE)
  one <- function(flip) {
    out <- lapply(names(usual), function(m) rotations_of(A, m, xor(usual[[m]], flip)))
    names(out) <- names(usual)
    out$promax <- promax_of(A, !flip)
    out
  }
  if (both) list(usual = one(FALSE), flipped = one(TRUE)) else list(usual = one(FALSE))
}

# ---- extraction -------------------------------------------------------------------------------------------------
fit_fields <- function(s) list(chi_square = s$STATISTIC, df = s$dof, p_value = s$PVAL, rmsea = as.list(s$RMSEA),
  tli = s$TLI, bic = s$BIC, rms = s$rms, crms = s$crms, objective = s$objective, null_chi_square = s$null.chisq)

# psych stops its optimiser early; `polished` are psych's loadings taken on to a gradient of zero by R's own nlminb,
# with psych's bound on the uniqueness, and psych's fit statistics at those loadings.
polish <- function(r, psi, k, fm) {
  value <- function(psi) {
    e <- if (fm == "ml") eigen(r / sqrt(psi %o% psi), TRUE, TRUE)$values[-(1:k)] else eigen(r - diag(psi), TRUE, TRUE)$values[-(1:k)]
    if (fm == "ml") sum(e - log(e) - 1) else sum(e^2) / 2
  }
  slope <- function(psi) {
    s <- if (fm == "ml") r / sqrt(psi %o% psi) else r - diag(psi)
    e <- eigen(s, TRUE); V <- e$vectors[, -(1:k), drop = FALSE]; v <- e$values[-(1:k)]
    if (fm == "ml") drop(V^2 %*% (1 - v)) / psi else drop(-(V^2 %*% v))
  }
  for (i in 1:20) psi <- nlminb(psi, value, slope, lower = 0.005, upper = 1,
    control = list(rel.tol = 1e-15, x.tol = 1e-12, iter.max = 5000, eval.max = 5000))$par
  if (fm == "ml") {
    e <- eigen(r / sqrt(psi %o% psi), TRUE)
    L <- sqrt(psi) * (e$vectors[, 1:k, drop = FALSE] %*% diag(sqrt(pmax(e$values[1:k] - 1, 0)), k))
  } else {
    e <- eigen(r - diag(psi), TRUE)
    L <- e$vectors[, 1:k, drop = FALSE] %*% diag(sqrt(pmax(e$values[1:k], 0)), k)
  }
  list(loadings = L, value = value(psi), psi = psi)
}

extraction <- function(set, method) {
  if (method == "principal") {
    fitted <- principal(set$r, nfactors = set$k, rotate = "none", n.obs = set$n, scores = FALSE)
    return(list(loadings = unclass(fitted$loadings), communality = fitted$communality,
                uniqueness = fitted$uniquenesses, values = fitted$values))
  }
  fitted <- suppressMessages(suppressWarnings(fa(set$r, set$k, n.obs = set$n, fm = method, rotate = "none",
    min.err = 1e-11, max.iter = 50000)))
  out <- list(loadings = unclass(fitted$loadings), communality = fitted$communality, uniqueness = fitted$uniquenesses,
              values = fitted$values, iterations = length(fitted$communality.iterations), fit = fit_fields(fitted))
  if (method != "pa") {
    out$polished <- polish(set$r, pmin(pmax(fitted$uniquenesses, 0.005), 1), set$k, method)
    stats <- suppressMessages(suppressWarnings(psych::fa.stats(set$r, out$polished$loadings, n.obs = set$n, alpha = 0.1)))
    out$polished$fit <- fit_fields(stats)
  }
  if (method == "ml") {
    own <- tryCatch(factanal(covmat = set$r, factors = set$k, n.obs = set$n, rotation = "none",
                             control = list(nstart = 5, opt = list(factr = 10, maxit = 10000))), error = function(e) NULL)
    if (!is.null(own)) out$factanal <- list(loadings = unclass(own$loadings), uniqueness = own$uniquenesses,
                                            chi_square = own$STATISTIC, objective = own$criteria[["objective"]])
  }
  out
}

extractions <- function(set) {
  methods <- c("principal", "pa", "minres", "ml")
  out <- lapply(methods, function(m) {
    cat("  ", m, "\n")
    one <- extraction(set, m)
    A <- if (is.null(one$polished)) one$loadings else one$polished$loadings
    one$rotations <- all_rotations(A, m == "minres")
    one
  })
  names(out) <- methods
  out
}

# ---- scores, adequacy, number -----------------------------------------------------------------------------------
score_weights <- function(set, L, phi) lapply(
  c(regression = "Thurstone", bartlett = "Bartlett", ten_berge = "tenBerge"),
  function(m) {
    s <- factor.scores(set$r, L, Phi = phi, method = m)
    list(weights = s$weights, r_squared = s$R2)
  })

number_of <- function(set) {
  set.seed(133)
  pdf(NULL)
  p <- suppressWarnings(suppressMessages(fa.parallel(set$r, n.obs = set$n, n.iter = 500, SMC = TRUE, plot = FALSE, fa = "both")))
  n <- min(ncol(set$r) - 1, 12)
  v <- suppressWarnings(suppressMessages(vss(set$r, n = n, n.obs = set$n, plot = FALSE, rotate = "none", fm = "pc")))
  list(components = p$ncomp, factors = p$nfact, pc_values = p$pc.values, fa_values = p$fa.values,
       pc_sim = p$pc.sim, fa_sim = p$fa.sim, map = v$map)
}

raw_scores <- function(set, L, phi) lapply(
  c(regression = "Thurstone", bartlett = "Bartlett", ten_berge = "tenBerge"),
  function(m) factor.scores(set$data, L, Phi = phi, method = m)$scores)

reference <- function(name, set) {
  cat(name, "\n")
  fits <- extractions(set)
  kmo <- KMO(set$r)
  bart <- cortest.bartlett(set$r, set$n)
  oblique <- fits$minres$rotations$usual$oblimin
  out <- list(name = name, source = "R datasets, psych, psychTools", n = set$n, k = set$k, variables = colnames(set$r),
    correlation = unname(set$r), kmo = kmo$MSA, msa = unname(kmo$MSAi), bartlett = bart, determinant = det(set$r),
    smc = unname(smc(set$r)), eigenvalues = eigen(set$r)$values, extractions = fits,
    scores = list(loadings = oblique$loadings, phi = oblique$phi, methods = score_weights(set, oblique$loadings, oblique$phi)),
    number = number_of(set))
  if (!is.null(set$data)) {
    out$data <- unname(as.matrix(set$data))
    out$scores$values <- raw_scores(set, oblique$loadings, oblique$phi)
  }
  out
}

strip <- function(x) {
  if (is.list(x)) return(lapply(x, strip))
  d <- dim(x)
  x <- if (is.null(d)) unname(as.vector(x)) else matrix(as.vector(x), d[1], d[2])
  x
}

round_most <- function(x, key = "") {                 # the correlation matrix keeps all its digits
  if (is.list(x)) return(mapply(round_most, x, if (is.null(names(x))) "" else names(x), SIMPLIFY = FALSE))
  if (is.numeric(x) && !(key %in% c("correlation", "data", "determinant"))) signif(x, 10) else x
}

for (name in if (length(only)) only else names(sets)) {
  if (!name %in% names(sets)) next
  out <- round_most(strip(reference(name, sets[[name]])))
  write_json(out, file.path(folder, paste0(name, ".json")), digits = NA, auto_unbox = TRUE, null = "null", na = "null")
}

# ---- covariance runs, missing values, psych's own defaults ---------------------------------------------------------
if (!length(only) || "cases" %in% only) {
  covariance <- function(x, k) {
    s <- cov(x)
    pc <- principal(s, nfactors = k, rotate = "none", covar = TRUE, scores = FALSE)
    mr <- suppressWarnings(suppressMessages(fa(s, k, n.obs = nrow(x), fm = "minres", covar = TRUE, rotate = "none")))
    pa <- suppressWarnings(suppressMessages(fa(s, k, n.obs = nrow(x), fm = "pa", covar = TRUE, rotate = "none", min.err = 1e-11, max.iter = 50000)))
    list(covariance = s, data = as.matrix(x), k = k,
         principal = list(loadings = unclass(pc$loadings), values = pc$values, communality = pc$communality),
         minres = list(loadings = unclass(mr$loadings), communality = mr$communality),
         pa = list(loadings = unclass(pa$loadings), communality = pa$communality))
  }
  x <- as.matrix(airquality)
  missing <- list(data = x, pairwise = cor(x, use = "pairwise"), pairwise_cov = cov(x, use = "pairwise"),
                  listwise = cor(x, use = "complete.obs"), listwise_cov = cov(x, use = "complete.obs"),
                  counts = psych::pairwiseCount(x))
  y <- apply(x, 2, function(v) ifelse(is.na(v), mean(v, na.rm = TRUE), v))
  missing$mean <- cor(y); missing$mean_cov <- cov(y)
  psych_calls <- lapply(list(varimax = "varimax", promax = "promax", oblimin = "oblimin"), function(m) {
    f <- suppressMessages(suppressWarnings(fa(psych::Thurstone, 3, n.obs = 213, rotate = m)))
    list(loadings = unclass(f$loadings), phi = f$Phi, ss = f$Vaccounted[1, ])
  })
  out <- list(attitude = covariance(attitude, 2), swiss = covariance(swiss[, c(1, 3, 4, 6)], 1), missing = missing,
              psych_thurstone = psych_calls)
  out <- round_most(strip(out))
  write_json(out, file.path(folder, "cases.json"), digits = NA, auto_unbox = TRUE, null = "null", na = "null")
}
